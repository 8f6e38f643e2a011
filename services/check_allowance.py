"""How many texts of one user are sent to WeChat's content check: its quota is the whole mini program's.

Counted in memory, by each process for itself: with several, a user has the number in each of them.
"""

import math
from datetime import datetime, timedelta
from typing import Final

from domain.clock import Clock
from domain.problems import RateLimited

MOST_PER_HOUR: Final = 100
"""Checks of one user, whatever they came to: the 60 new shares of an hour, and 40 more."""

MOST_USERS: Final = 10_000
"""Beyond so many, those who began first are forgotten."""

_HOUR: Final = timedelta(hours=1)


class CheckAllowance:
    """An hour begins with a user's first check."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[str, tuple[datetime, int]] = {}  # in the order of their beginnings

    def spend(self, user_id: str) -> None:
        """Counts one check; raises RateLimited where the user has had all of the hour."""
        now = self._clock()
        self._forget(now)
        began, spent = self._spent.get(user_id, (now, 0))
        if spent >= MOST_PER_HOUR:
            seconds = math.ceil((began + _HOUR - now).total_seconds())
            raise RateLimited(f"At most {MOST_PER_HOUR} texts of a user are checked in an hour.", seconds)
        self._spent[user_id] = (began, spent + 1)

    def _forget(self, now: datetime) -> None:
        """Also what began in the future, before a sandbox was reset."""
        for user_id, (began, _) in list(self._spent.items()):
            if now - _HOUR < began <= now and len(self._spent) <= MOST_USERS:
                return
            del self._spent[user_id]
