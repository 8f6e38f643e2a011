"""Days as WeChat's bills count them: from midnight to midnight in China, whatever the clock of this machine says."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.jobs import CHINA
from domain.problems import BadRequest

READY = time(10)
"""On the next day. Before, WeChat's "there is no bill" may only mean: not yet."""

KEPT_DAYS = 89
"""So many days back WeChat still has a bill; it keeps them for three months."""

_EARLIEST = date(2013, 8, 1)


@dataclass(frozen=True)
class ChinaDay:
    """One day: `start` belongs to it, `end` to the next."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, day: date) -> "ChinaDay":
        """Aware moments."""
        start = datetime.combine(day, time(0), CHINA)
        return cls(start, start + timedelta(days=1))

    def has(self, moment: datetime) -> bool:
        """Whether the moment lies within it."""
        return self.start <= moment < self.end


def yesterday(now: datetime) -> date:
    """The day before `now` in China."""
    return now.astimezone(CHINA).date() - timedelta(days=1)


def check_ready(day: date, now: datetime) -> None:
    """Raises BadRequest where WeChat has no bill of the day, or not yet, or not any more."""
    here = now.astimezone(CHINA)
    if day < _EARLIEST or day < here.date() - timedelta(days=KEPT_DAYS):
        raise BadRequest(f"WeChat keeps bills for three months: {day.isoformat()} is too long ago.")
    ready_at = datetime.combine(day + timedelta(days=1), READY, CHINA) if day <= here.date() else None
    if ready_at is None or here < ready_at:
        next_day = day if ready_at is None else ready_at.date()
        when = "the day after it" if ready_at is None else next_day.isoformat()
        raise BadRequest(f"WeChat's bill of {day.isoformat()} is ready from 10:00 of {when} on, in China's time.")
