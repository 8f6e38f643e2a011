"""Hashes under a key of our own: equality can be looked up, and a dump gives nothing to guess at.

The key is drawn at random once and stored sealed, so that rotating SECRET_KEYS changes no hash.
"""

import asyncio
import hashlib
import hmac
import secrets

from domain.clock import Clock
from models.encryption import Cipher
from models.sealed_keys import SealedKey
from models.unit_of_work import UnitsOfWork

INDEX_KEY = "index"
_KEY_BYTES = 32


class KeyedHashes:
    """Hexadecimal HMAC-SHA-256, 64 characters; raises Unavailable when the key cannot be read from the database."""

    def __init__(self, units: UnitsOfWork, cipher: Cipher, clock: Clock) -> None:
        self._units = units
        self._cipher = cipher
        self._clock = clock
        self._key: bytes | None = None
        self._loading = asyncio.Lock()

    async def phone(self, number: str) -> str:
        """Of a number in E.164."""
        return await self._hash("phone", number)

    async def person(self, appid: str, openid: str) -> str:
        """Of who somebody is in a mini program."""
        return await self._hash("person", f"{appid}:{openid}")

    async def _hash(self, purpose: str, text: str) -> str:
        async with self._loading:
            if self._key is None:
                self._key = await self._load()
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()

    async def _load(self) -> bytes:
        stored = await self._units.run_again_if_raced(self._read_or_draw)
        return bytes.fromhex(self._cipher.open(stored.value))

    async def _read_or_draw(self) -> SealedKey:
        stored = await SealedKey.filter(name=INDEX_KEY).first()
        if stored is not None:
            return stored
        value = self._cipher.seal(secrets.token_hex(_KEY_BYTES))
        return await SealedKey.create(name=INDEX_KEY, value=value, created_at=self._clock())
