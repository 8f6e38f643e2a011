"""Orders and refunds as clients see them."""
