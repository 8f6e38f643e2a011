"""Hashes under a key of our own: equality can be looked up, and a dump gives nothing to guess at.

The key is drawn at random once and stored sealed, so that rotating SECRET_KEYS changes no hash.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets

from domain.clock import Clock
from domain.problems import Unavailable
from models.encryption import Cipher, UnreadableError
from models.sealed_keys import SealedKey
from models.unit_of_work import UnitsOfWork

INDEX_KEY = "index"
_KEY_BYTES = 32

logger = logging.getLogger(__name__)


class KeyedHashes:
    """Hexadecimal HMAC-SHA-256, 64 characters; raises Unavailable when the key cannot be read from the database."""

    def __init__(self, units: UnitsOfWork, cipher: Cipher, clock: Clock) -> None:
        self._units = units
        self._cipher = cipher
        self._clock = clock
        self._key: bytes | None = None
        self._loading = asyncio.Lock()

    async def ready(self) -> None:
        """Reads the key; to be called before a code is spent on something that needs a hash."""
        await self._hash("ready", "")

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
        try:
            return bytes.fromhex(self._cipher.open(stored.value))
        except UnreadableError:
            logger.error("the index key does not open: was a key dropped from APPLETQL_SECRET_KEYS?")  # noqa: TRY400  (the error says no more)
            raise Unavailable("This server cannot look up what it needs; its operator finds the reason.") from None

    async def _read_or_draw(self) -> SealedKey:
        stored = await SealedKey.filter(name=INDEX_KEY).first()
        if stored is not None:
            return stored
        value = self._cipher.seal(secrets.token_hex(_KEY_BYTES))
        return await SealedKey.create(name=INDEX_KEY, value=value, created_at=self._clock())
