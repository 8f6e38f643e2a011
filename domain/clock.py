"""Clocks: wire time for what leaves the process, business time for lives and ladders.

The two are separate arguments everywhere. A sandbox may move business time so that codes and sessions age within
a second of a test; what is signed or compared with WeChat's `Date` always uses real time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


def wire_clock() -> datetime:
    """Real time, in UTC."""
    return datetime.now(UTC)


class BusinessClock:
    """Real time plus an offset that a sandbox may move; production never sets it."""

    def __init__(self, wire: Clock = wire_clock) -> None:
        self._wire = wire
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        """The present moment of the business: expiry, idle time, leases."""
        return self._wire() + self.offset
