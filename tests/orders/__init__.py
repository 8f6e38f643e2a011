"""Orders and payments, end to end: server, sandbox and database are the real ones."""
