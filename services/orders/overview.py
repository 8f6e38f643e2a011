"""Orders as an operator looks for them at the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from domain.ids import Prefix, is_id
from domain.orders import OrderStatus
from models.accounts import User
from models.orders import Order
from models.unit_of_work import UnitsOfWork

_BATCH = 500
_MOST_JOINS = 100
_LONGEST_NUMBER = 32


@dataclass(frozen=True)
class Sought:
    """Which orders; None is any. `since` is a moment, `statuses` may be empty for all."""

    statuses: Sequence[OrderStatus] = ()
    user_id: str | None = None
    since: datetime | None = None
    held_only: bool = False


@dataclass(frozen=True)
class Overview:
    """Finds orders of everybody; raises Unavailable when the database does not answer."""

    units: UnitsOfWork

    async def newest(self, sought: Sought, limit: int) -> list[Order]:
        """At most so many, newest first."""
        return await self.units.read(_newest, sought, limit)

    async def user(self, user_id: str) -> str | None:
        """The id of the user that somebody is by now; None where there is none."""
        return await self.units.read(_user, user_id)

    async def find(self, number_or_id: str) -> Order | None:
        """By the trade number or by the id."""
        return await self.units.read(_find, number_or_id)

    async def count(self) -> int:
        """How many orders there are."""
        return await self.units.read(_count)

    async def every(self, after: str) -> list[Order]:
        """The next 500 of them after the id `after`, the oldest first."""
        return await self.units.read(_every, after)

    async def pending_count(self) -> int:
        """How many orders WeChat may be asked about: unpaid, and not on hold."""
        return await self.units.read(_pending_count)

    async def pending(self, after: str) -> list[Order]:
        """The next 500 of them after the id `after`, the oldest first."""
        return await self.units.read(_next, after)


def is_held(order: Order) -> bool:
    """Whether the order waits for the operator."""
    return order.status == OrderStatus.PENDING and order.held_at is not None


def is_closing(order: Order) -> bool:
    """Whether the order is being closed, and WeChat has not said so yet."""
    return order.status == OrderStatus.PENDING and order.held_at is None and order.close_wanted_at is not None


_ASKABLE: dict[str, Any] = {"status": OrderStatus.PENDING, "held_at": None}


async def _count() -> int:
    return await Order.all().count()


async def _every(after: str) -> list[Order]:
    return await Order.filter(id__gt=after).order_by("id").limit(_BATCH)


async def _pending_count() -> int:
    return await Order.filter(**_ASKABLE).count()


async def _next(after: str) -> list[Order]:
    return await Order.filter(**_ASKABLE, id__gt=after).order_by("id").limit(_BATCH)


async def _newest(sought: Sought, limit: int) -> list[Order]:
    wanted = Q()
    if sought.statuses:
        wanted &= Q(status__in=list(sought.statuses))
    if sought.user_id is not None:
        wanted &= Q(user_id=sought.user_id)
    if sought.since is not None:
        wanted &= Q(created_at__gte=sought.since)
    if sought.held_only:
        wanted &= Q(status=OrderStatus.PENDING, held_at__isnull=False)
    return await Order.filter(wanted).order_by("-id").limit(limit)


async def _user(user_id: str) -> str | None:
    for _ in range(_MOST_JOINS):
        user = await User.filter(id=user_id).first() if is_id(Prefix.USER, user_id) else None
        if user is None:
            return None
        if user.merged_into_id is None:
            return user.id
        user_id = user.merged_into_id
    return None


async def _find(number_or_id: str) -> Order | None:
    if is_id(Prefix.ORDER, number_or_id):
        return await Order.filter(id=number_or_id).first()
    may_be_one = number_or_id.isascii() and number_or_id.isalnum() and len(number_or_id) <= _LONGEST_NUMBER
    return await Order.filter(number=number_or_id).first() if may_be_one else None
