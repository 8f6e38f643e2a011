"""Checks of the house itself: every rule that the design names, over the sources."""
