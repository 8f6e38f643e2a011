"""The wire to WeChat Pay, API v3, for a direct merchant whose users pay within a mini program."""
