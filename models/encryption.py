"""Encryption at rest: the one place that seals what the database keeps but nobody may read there."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnreadableError(Exception):
    """A sealed value that none of the keys opens: a key was dropped from SECRET_KEYS too early."""


class Cipher:
    """Seals with the first of `secret_keys` (Fernet keys), opens with any of them."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._keys = tuple(Fernet(key) for key in secret_keys)
        self._fernet = MultiFernet(self._keys)

    @property
    def key_count(self) -> int:
        """How many keys there are, the first included."""
        return len(self._keys)

    def seal(self, text: str) -> str:
        """What to store in place of `text`; another value each time."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text again; raises UnreadableError when no key fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise UnreadableError("no key of SECRET_KEYS opens a stored value") from None

    def place_of_key(self, sealed: str) -> int | None:
        """Which key opens the value, 0 for the first; None when none does."""
        place, _ = self._opened(sealed)
        return place

    def renew(self, sealed: str) -> str | None:
        """The same text sealed with the first key; None when that key sealed it already, and when no key opens it."""
        place, text = self._opened(sealed)
        return self._keys[0].encrypt(text).decode() if place else None

    def _opened(self, sealed: str) -> tuple[int | None, bytes]:
        for place, key in enumerate(self._keys):
            try:
                return place, key.decrypt(sealed.encode())
            except InvalidToken:
                continue
        return None, b""


def new_secret_key() -> str:
    """A fresh key for SECRET_KEYS."""
    return Fernet.generate_key().decode()
