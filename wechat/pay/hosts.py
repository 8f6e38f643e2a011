"""Which address of WeChat Pay is asked first: the main one, or for a while the backup that answered in its place."""

import time
from collections.abc import Callable

STAY_SECONDS = 60.0


class Hosts:
    """One address, or a main and a backup one. `monotonic` is in seconds.

    Without the stay each call of a long outage would try the dead address first, and its second try is rationed.
    """

    def __init__(
        self, main: str, backup: str | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._main, self._backup = main, backup
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
