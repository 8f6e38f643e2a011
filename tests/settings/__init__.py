"""Settings: how each is read, what is refused, and what production refuses on top."""
