"""An offline WeChat for development and tests. Imports nothing of the other folders."""
