"""The public keys of WeChat Pay by the serial that it signs with: its public key, and its platform certificates.

During WeChat's change from certificates to public keys both are in use at once, so that every serial is looked up.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from domain.clock import Clock
from wechat.errors import Misconfigured, Unavailable, WeChatError
from wechat.pay.certificates import Certificate
from wechat.pay.paths import CERTIFICATES

FRESH_FOR = timedelta(hours=12)
PAUSE_SECONDS = 60.0
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{8,64}", re.ASCII)
_PUBLIC_KEY_ADVICE = (
    "Look at APPLETQL_PAY_PUBLIC_KEY_ID and APPLETQL_PAY_PUBLIC_KEY_FILE: both are needed, the id begins with "
    "PUB_KEY_ID_, and the file is pub_key.pem of WeChat Pay's merchant console."
)

Fetch = Callable[[], Awaitable[list[Certificate]]]
"""The certificates of one download, whose signature was verified; raises a WeChatError."""

_log = logging.getLogger(__name__)


class KeyRing:
    """From serial to public key. `monotonic` is in seconds; `wire_clock` dates what was fetched."""

    def __init__(
        self,
        fetch: Fetch,
        wire_clock: Clock,
        *,
        public_key_id: str | None = None,
        public_key_pem: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._wire_clock = wire_clock
        self._monotonic = monotonic
        self._configured = _configured(public_key_id, public_key_pem)
        self._fetched: dict[str, RSAPublicKey] = {}
        self._fetched_at: datetime | None = None
        self._look_again_at = 0.0
        self._refresh: asyncio.Task[WeChatError | None] | None = None
        self._closed = False

    @property
    def has_public_key(self) -> bool:
        """Whether WeChat Pay's public key is configured, so that certificates may never be needed."""
        return bool(self._configured)

    @property
    def is_empty(self) -> bool:
        """Whether no answer could be verified at all."""
        return not self._configured and not self._fetched

    def lookup(self, serial: str) -> RSAPublicKey | None:
        """The key of the serial, or None at once; then certificates are fetched beside, at most once a minute."""
        name = normalised(serial)
        key = self._configured.get(name) or self._fetched.get(name)
        # Only certificates can be fetched, and their serials are hexadecimal.
        if key is None and _HEXADECIMAL.fullmatch(serial) and self._may_look_again():
            _ = self._refreshing()
        return key

    def needs_refresh(self, now: datetime) -> bool:
        """Whether the certificates were fetched twelve hours ago or never, and nobody tried within a minute.

        Where the public key is configured, certificates are needed only once a serial has asked for them.
        """
        if not self._may_look_again():
            return False
        if self._fetched_at is None:
            return not self._configured
        return now >= self._fetched_at + FRESH_FOR and bool(self._fetched)

    async def refresh(self) -> None:
        """Fetch the certificates, or wait for a fetch that is under way; raises its WeChatError."""
        failure = await asyncio.shield(self._refreshing())
        if failure is not None:
            raise failure.again()

    async def aclose(self) -> None:
        """Wait for a fetch that is under way, which its deadline bounds; nothing is fetched afterwards."""
        self._closed = True
        if self._refresh is not None:
            await asyncio.wait([self._refresh])

    def _may_look_again(self) -> bool:
        return not self._closed and self._monotonic() >= self._look_again_at

    def _refreshing(self) -> asyncio.Task[WeChatError | None]:
        if self._refresh is None:
            self._look_again_at = self._monotonic() + PAUSE_SECONDS
            self._refresh = asyncio.create_task(self._fetch_once())
            self._refresh.add_done_callback(self._collect)
        return self._refresh

    async def _fetch_once(self) -> WeChatError | None:
        """The failure as a value: several callers may wait for it, or none."""
        if self._closed:
            return Unavailable(CERTIFICATES, "closed")
        try:
            certificates = await self._fetch()
        except WeChatError as failure:
            return failure
        self._fetched = {normalised(certificate.serial): certificate.key for certificate in certificates}
        self._fetched_at = self._wire_clock()
        return None

    def _collect(self, refresh: asyncio.Task[WeChatError | None]) -> None:
        self._refresh = None
        if not refresh.cancelled() and (error := refresh.exception()) is not None:
            _log.error("WeChat Pay %s: a fetch failed on %s", CERTIFICATES, type(error).__name__)


def normalised(serial: str) -> str:
    """A serial to compare: hexadecimal in any case is one, leading zeros stay."""
    return serial.upper() if _HEXADECIMAL.fullmatch(serial) else serial


def _configured(public_key_id: str | None, public_key_pem: str | None) -> dict[str, RSAPublicKey]:
    if not public_key_id and not public_key_pem:
        return {}
    try:
        key: object = load_pem_public_key((public_key_pem or "").encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if public_key_id and public_key_id.isascii() and public_key_id.isprintable() and isinstance(key, RSAPublicKey):
        return {normalised(public_key_id): key}
    raise Misconfigured("/v3", "no usable public key of WeChat Pay", advice=_PUBLIC_KEY_ADVICE)
