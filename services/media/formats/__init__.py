"""One module a file format: each keeps what makes the pixels of the first frame, so that no decoder sees the rest."""
