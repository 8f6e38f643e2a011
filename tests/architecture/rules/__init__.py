"""The rules: functions over sources and texts that give what they found, so that each can be shown to fail."""
