"""WeChat's limits per minute: so many calls in any 60 seconds, for each caller apart."""

from collections import deque

from sandbox.clock import Clock

_MINUTE = 60.0


class MinuteQuota:
    """Counts by moved time, and only in memory: a restart forgets who called how often."""

    def __init__(self, clock: Clock, calls: int) -> None:
        self._clock = clock
        self._calls = calls
        self._recent: dict[str, deque[float]] = {}

    def admit(self, caller: str) -> bool:
        """Whether the caller may call once more, which is counted then."""
        now = self._clock.now()
        moments = self._recent.setdefault(caller, deque())
        while moments and moments[0] <= now - _MINUTE:
            moments.popleft()
        if len(moments) >= self._calls:
            return False
        moments.append(now)
        return True

    def clear(self) -> None:
        """Forget everybody."""
        self._recent.clear()
