"""How many requests may be sent a second time, and when: a share of the calls, so that a bad hour is not made worse."""

import random
import time
from collections.abc import Callable

SHARE = 0.1
PER_SECOND = 0.1
MOST = 10.0


class RetryBudget:
    """A bucket of retries: full at the start, a tenth of one for each call, and one in ten seconds for quiet times.

    `monotonic` is in seconds; `uniform` picks within two bounds.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._monotonic = monotonic
        self._uniform = uniform
        self._tokens = MOST
        self._filled_at = monotonic()

    def count_call(self) -> None:
        """Each call earns a share of a retry."""
        self._earn(SHARE)

    @property
    def is_empty(self) -> bool:
        """Whether no retry would be granted now."""
        self._earn(0.0)
        return self._tokens < 1

    def take(self) -> bool:
        """Take one retry; False, and nothing taken, where there is none."""
        if self.is_empty:
            return False
        self._tokens -= 1
        return True

    def pause(self, longest: float) -> float:
        """Seconds to wait before a retry, at random, so that those who failed together do not return together."""
        return self._uniform(0.0, longest)

    def _earn(self, share: float) -> None:
        now = self._monotonic()
        self._tokens = min(MOST, self._tokens + share + (now - self._filled_at) * PER_SECOND)
        self._filled_at = now
