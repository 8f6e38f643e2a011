"""What happens to a running server when WeChat or the database goes away under load, and comes back."""
