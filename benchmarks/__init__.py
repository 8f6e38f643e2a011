"""Measurements that take longer than a test may; each is run by hand and says its numbers."""
