"""Refunds: their states and moves, what WeChat allows, and when to ask again."""

from datetime import datetime, timedelta
from enum import StrEnum

MOST_PARTS = 50
"""WeChat takes at most fifty refunds of one payment."""

LONGEST_REASON_BYTES = 80

APART = timedelta(seconds=65)
"""Between two refund requests for one payment: WeChat allows one a minute."""

WITHOUT_BALANCE = timedelta(hours=1)
"""Until the next try after NOT_ENOUGH."""

PATIENCE = timedelta(hours=1)
"""After which a refund that WeChat has not accepted is told to the operator."""

_LADDER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 10, 20, 30))
_HOURLY_UNTIL = timedelta(days=1)


class RefundStatus(StrEnum):
    """What became of a refund; the contract's enum."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    ABNORMAL = "ABNORMAL"
    CLOSED = "CLOSED"


class RefundSource(StrEnum):
    """Who wanted a refund."""

    OPERATOR = "operator"
    SYSTEM = "system"
    """Money that an order has no use for."""
    CONSOLE = "console"
    """Somebody in WeChat's own merchant console."""


MOVES: dict[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.PROCESSING: frozenset({RefundStatus.SUCCESS, RefundStatus.ABNORMAL, RefundStatus.CLOSED}),
    RefundStatus.ABNORMAL: frozenset({RefundStatus.SUCCESS, RefundStatus.CLOSED}),
    RefundStatus.SUCCESS: frozenset(),
    RefundStatus.CLOSED: frozenset({RefundStatus.SUCCESS}),
}
"""Everything that a refund can do; an abnormal one is mended by hand in WeChat's console.

One that was given up here and that WeChat made all the same has gone back: it counts, and is told.
"""


def may_move(before: RefundStatus, after: RefundStatus) -> bool:
    """Whether the table has this move."""
    return after in MOVES[before]


def status_of(word: str) -> RefundStatus | None:
    """WeChat's word for a state; None for one that is not known, which changes nothing."""
    return RefundStatus(word) if word in list(RefundStatus) else None


def next_question(created_at: datetime, now: datetime) -> datetime:
    """When WeChat is asked next about a refund in progress: five rungs, then hourly, after a day daily."""
    if rung := next((created_at + rung for rung in _LADDER if created_at + rung > now), None):
        return rung
    return now + (timedelta(hours=1) if now < created_at + _HOURLY_UNTIL else timedelta(days=1))
