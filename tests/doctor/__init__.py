"""`appletql doctor` against a real sandbox and real databases, in good and in broken set-ups."""
