"""The sandbox's two times: real time, which dates and signatures use, and moved time, by which things age."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from sandbox.state import State

_CHINA = timezone(timedelta(hours=8))
_LONGEST = 100 * 366 * 86400


class Clock:
    """Real time plus the offset of the state. Times are seconds since 1970."""

    def __init__(self, state: State, real: Callable[[], float]) -> None:
        self._state = state
        self.real = real

    @property
    def offset(self) -> float:
        """Seconds by which moved time is ahead of real time."""
        return self._state.offset

    def now(self) -> float:
        """Moved time: lives of codes, tokens and keys are counted by it."""
        return self.real() + self._state.offset

    def day(self) -> str:
        """The day of moved time in China, where WeChat's daily limits begin anew at midnight."""
        return datetime.fromtimestamp(self.now(), UTC).astimezone(_CHINA).date().isoformat()

    def advance(self, seconds: float) -> None:
        """Move time forward. Raises ValueError for a step back, and for one that leaves the calendar."""
        moved = self._state.offset + seconds
        if not math.isfinite(seconds) or seconds < 0 or moved > _LONGEST:
            raise ValueError("time only moves forward, and by no more than a century in all")
        self._state.offset = moved
