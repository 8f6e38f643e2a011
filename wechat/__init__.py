"""The wire to WeChat: its HTTP APIs, signatures and ciphers. Knows no database and no GraphQL."""
