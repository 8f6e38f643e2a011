"""Encryption at rest: the one place that seals what the database keeps but nobody may read there."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnreadableError(Exception):
    """A sealed value that none of the keys opens: a key was dropped from SECRET_KEYS too early."""


class Cipher:
    """Seals with the first of `secret_keys` (Fernet keys), opens with any of them."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in secret_keys])

    def seal(self, text: str) -> str:
        """What to store in place of `text`; another value each time."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text again; raises UnreadableError when no key fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise UnreadableError("no key of SECRET_KEYS opens a stored value") from None
