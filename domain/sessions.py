"""How long a session lives and how its token looks; times are the business clock's."""

import hashlib
import secrets
from datetime import datetime, timedelta

IDLE = timedelta(days=7)
ABSOLUTE = timedelta(days=30)
TOUCH_EVERY = timedelta(minutes=5)
MOST_LIVE = 10

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 128


def new_token() -> str:
    """A bearer token: 256 random bits in URL-safe base64, 43 characters."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str | None:
    """The hexadecimal SHA-256 that is stored; None for what cannot be a token."""
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        return None
    return hashlib.sha256(token.encode()).hexdigest()


def expires_at(created_at: datetime, last_used_at: datetime) -> datetime:
    """The moment from which the session is no more, whichever comes first: 7 days idle or 30 days old."""
    return min(created_at + ABSOLUTE, last_used_at + IDLE)
