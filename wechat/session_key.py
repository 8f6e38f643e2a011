"""A user's session_key: its form, and the signature that proves we have it.

Follows "HTTP signature" of WeChat's documentation. The key of the HMAC is the base64 text, not the bytes it stands for.
"""

import base64
import hashlib
import hmac

_KEY_BYTES = 16
_TEXT_LENGTH = 24


def is_session_key(text: str) -> bool:
    """Whether `text` is base64 of 16 bytes, with its padding and without anything else."""
    if len(text) != _TEXT_LENGTH:
        return False
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except ValueError:
        return False


def sign(session_key: str, message: bytes = b"") -> str:
    """HMAC-SHA-256 in lower-case hexadecimal; the message is empty for checksession and its kind."""
    return hmac.new(session_key.encode(), message, hashlib.sha256).hexdigest()
