"""Accounts: signing in with a code of wx.login, sessions, and the people behind several mini programs."""
