"""Use cases. The only floor that opens units of work."""
