"""Sharing: the cards that users send, who opened them, and who first came through one."""
