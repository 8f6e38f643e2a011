"""Which address of WeChat Pay is asked first: the main one, or for a while the backup that answered in its place."""

import time
from collections.abc import Callable

from wechat.errors import Misconfigured
from wechat.http import checked_address

STAY_SECONDS = 60.0
_ADDRESS_ADVICE = "Look at APPLETQL_PAY_API_URL: it must be an http or https address with a host and nothing after it."


class Hosts:
    """One address, or a main and a backup one. `monotonic` is in seconds.

    Raises Misconfigured where an address is no plain http or https address.

    Without the stay each call of a long outage would try the dead address first, and its second try is rationed.
    """

    def __init__(
        self, main: str, backup: str | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._main = _checked(main)
        self._backup = None if backup is None else _checked(backup)
        self._monotonic = monotonic
        self._stays_until: float | None = None

    @property
    def are_one(self) -> bool:
        """Whether there is no other address."""
        return self._backup is None

    def in_order(self) -> tuple[str, str | None]:
        """The address to ask, and the other one where there is another."""
        if self._backup is None or self._stays_until is None:
            return self._main, self._backup
        now = self._monotonic()
        if now < self._stays_until:
            return self._backup, self._main
        # One call looks whether the main address is back; the others stay where answers come from.
        self._stays_until = now + STAY_SECONDS
        return self._main, self._backup

    def answered(self, address: str) -> None:
        """A connection to this address was had."""
        if address == self._main:
            self._stays_until = None
        elif self._stays_until is None:
            self._stays_until = self._monotonic() + STAY_SECONDS


def _checked(address: str) -> str:
    try:
        return checked_address(address)
    except Misconfigured:
        failure = Misconfigured("/v3", "no usable address", advice=_ADDRESS_ADVICE)
    raise failure
