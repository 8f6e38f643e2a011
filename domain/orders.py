"""Orders: their states and moves, and the moments at which something may still be done with one."""

import secrets
from datetime import datetime, timedelta, timezone
from enum import StrEnum

MOST_ITEMS = 50
MOST_OF_ONE = 999
MOST_UNPAID = 20
LONGEST_KEY = 64
LONGEST_REMARK = 200
JOINED_KEY = "joined:"
"""Begins the key of an order whose own key the older of two joined users had used."""

SHORTEST_LIFE = timedelta(minutes=5)
LONGEST_LIFE = timedelta(minutes=110)
"""A prepay_id lives two hours, and parameters are given out until the last minute but one."""

GUARD = timedelta(seconds=60)
"""So long before its end an order gives no parameters any more, and so long after it closing starts."""

BESIDE_CALL = timedelta(seconds=5)
"""Beside the time of its call, a prepay's attempt lasts so long: its commit comes before, and clocks differ."""

ASK_AGAIN = timedelta(seconds=30)
"""While a user is paying, WeChat is asked that often whether an order can be closed."""

SYNC_EVERY = timedelta(seconds=2)
"""A caller makes this server ask WeChat about one order at most that often."""

LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 60, 180, 300, 600, 1800))
"""When WeChat is asked about an unpaid order, counted from the moment it was committed."""

_CHINA = timezone(timedelta(hours=8))
_RANDOM_DIGITS = 12


class OrderStatus(StrEnum):
    """What the money of an order did."""

    PENDING = "PENDING"
    PAID = "PAID"
    CLOSED = "CLOSED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.PAID, OrderStatus.CLOSED}),
    OrderStatus.PAID: frozenset({OrderStatus.PARTIALLY_REFUNDED, OrderStatus.REFUNDED}),
    OrderStatus.PARTIALLY_REFUNDED: frozenset({OrderStatus.PARTIALLY_REFUNDED, OrderStatus.REFUNDED}),
    OrderStatus.REFUNDED: frozenset(),
    OrderStatus.CLOSED: frozenset(),
}
"""Everything that an order can do; a closed one is never revived."""

HAS_MONEY = frozenset({OrderStatus.PAID, OrderStatus.PARTIALLY_REFUNDED, OrderStatus.REFUNDED})
"""The states after a payment."""


def may_move(before: OrderStatus, after: OrderStatus) -> bool:
    """Whether the table has this move."""
    return after in MOVES[before]


def status_after_refunds(total: int, refunded: int) -> OrderStatus:
    """The state of a paid order of which `refunded` of `total` fen went back."""
    if refunded <= 0:
        return OrderStatus.PAID
    return OrderStatus.REFUNDED if refunded >= total else OrderStatus.PARTIALLY_REFUNDED


def payable_until(expires_at: datetime) -> datetime:
    """From then on: no prepay, no parameters."""
    return expires_at - GUARD


def closes_at(expires_at: datetime) -> datetime:
    """From then on an unpaid order is closed."""
    return expires_at + GUARD


def next_question(created_at: datetime, expires_at: datetime, now: datetime) -> datetime:
    """When WeChat is asked next about an order that is still unpaid: the next rung, or its end."""
    end = closes_at(expires_at)
    rungs = (created_at + rung for rung in LADDER)
    return min((at for at in (*rungs, end) if now < at <= end), default=now + ASK_AGAIN)


def new_number(now: datetime) -> str:
    """A trade number of 20 digits: the day in China, then twelve at random; it can be read out on the telephone."""
    return f"{now.astimezone(_CHINA):%Y%m%d}{secrets.randbelow(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}}"
