"""Accounts: the viewer, signing in and out, profile, phone number, and what happens to the data."""
