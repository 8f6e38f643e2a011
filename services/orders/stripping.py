"""Takes the person out of orders and notifications: what is left are numbers, amounts and times, as the law wants them.

In batches, since nobody's account has a bounded number of orders.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from domain.orders import OrderStatus
from models.accounts import User
from models.encryption import Cipher, UnreadableError
from models.notices import Notice
from models.orders import Order
from models.unit_of_work import UnitsOfWork

_BATCH = 200
_MEANWHILE = timedelta(hours=1)
"""Longer than any unit of work: what ran beside a deletion was begun within it."""

_LOOKED_AFTER = timedelta(days=30)
"""So long after a deletion what came late is looked for; workers may rest meanwhile."""

_NOTICE_KEEPS = frozenset(("number", "event", "at"))
_ORDER_KEEPS = frozenset(("number", "total", "createdAt"))


@dataclass
class Stripped:
    """The ids of what needs no second look."""

    orders: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)


class Stripping:
    """Nothing here can be undone; what is stripped twice stays the same."""

    def __init__(self, units: UnitsOfWork, cipher: Cipher) -> None:
        self._units = units
        self._cipher = cipher

    async def ahead(self, user_id: str, stripped: Stripped) -> None:
        """Strips the user's orders that can no longer be paid and their notifications, in units of their own.

        Those on hold are among them: whatever is decided about their money, nothing is sent for them again.
        """
        after = ""
        while (batch := await self._units.run_again_if_raced(self._batch_ahead, user_id, after)).orders:
            stripped.orders |= batch.orders
            stripped.notices |= batch.notices
            after = max(batch.orders)

    async def rest(self, user_id: str, stripped: Stripped) -> bool:
        """Strips what is left of the user, inside a unit; False, and nothing is done, where that is no short work."""
        orders = await _left(Order.filter(user_id=user_id), stripped.orders)
        notices = await _left(Notice.filter(order__user_id=user_id), stripped.notices)
        if len(orders) + len(notices) > _BATCH:
            return False
        await self._strip(
            await _orders(Q(id__in=orders)) if orders else [],
            await _notices(Q(id__in=notices)) if notices else [],
        )
        return True

    async def late(self, now: datetime) -> int:
        """Strips what was written about somebody while the account was being deleted; how many rows held more."""
        found, after = 0, ""
        while gone := await self._units.read(_gone, after, now - _LOOKED_AFTER):
            after = gone[-1].id
            for user in gone:
                orders, notices = await self._units.read(self._find_late, user)
                if orders or notices:
                    await self._units.run_again_if_raced(self._strip, orders, notices)
                found += len(orders) + len(notices)
        return found

    async def _batch_ahead(self, user_id: str, after: str) -> Stripped:
        over = Q(user_id=user_id, id__gt=after) & (~Q(status=OrderStatus.PENDING) | Q(held_at__isnull=False))
        orders = await _orders(over)
        notices = await _notices(Q(order_id__in=[order.id for order in orders])) if orders else []
        await self._strip(orders, notices)
        return Stripped({order.id for order in orders}, {notice.id for notice in notices})

    async def _find_late(self, user: User) -> tuple[list[Order], list[Notice]]:
        since = (user.deleted_at or user.created_at) - _MEANWHILE
        notices = await Notice.filter(order__user_id=user.id, received_at__gte=since).select_related("order")
        orders = await Order.filter(Q(created_at__gte=since) | Q(remark__isnull=False), user_id=user.id)
        return (
            [order for order in orders if order.remark or self._holds(order.prepay_body, _ORDER_KEEPS)],
            [notice for notice in notices if self._holds(notice.body, _NOTICE_KEEPS)],
        )

    def _holds(self, sealed: str, kept: frozenset[str]) -> bool:
        """Whether there is more in it than what may stay; what cannot be read is taken to hold more."""
        try:
            content = json.loads(self._cipher.open(sealed))
        except (UnreadableError, ValueError):
            return True
        return not isinstance(content, dict) or not content.keys() <= kept

    async def _strip(self, orders: Sequence[Order], notices: Sequence[Notice]) -> None:
        for order in orders:
            kept = {"number": order.number, "total": order.total, "createdAt": order.created_at.isoformat()}
            order.prepay_body = self._seal(kept)
        for notice in notices:
            at = notice.received_at.isoformat()
            notice.body = self._seal({"number": notice.order.number, "event": notice.event_type, "at": at})
        if orders:
            _ = await Order.bulk_update(orders, ("prepay_body",), _BATCH)
            _ = await Order.filter(id__in=[order.id for order in orders]).update(remark=None)
        if notices:
            _ = await Notice.bulk_update(notices, ("body",), _BATCH)

    def _seal(self, kept: dict[str, Any]) -> str:
        return self._cipher.seal(json.dumps(kept))


async def _orders(wanted: Q) -> list[Order]:
    return await Order.filter(wanted).order_by("id").limit(_BATCH)


async def _notices(wanted: Q) -> list[Notice]:
    return await Notice.filter(wanted).order_by("id").select_related("order")


async def _left(rows: Any, stripped: set[str]) -> list[str]:
    return [row_id for row_id in await rows.values_list("id", flat=True) if row_id not in stripped]


async def _gone(after: str, since: datetime) -> list[User]:
    deleted = User.filter(id__gt=after, deleted_at__gte=since, merged_into_id=None)
    return await deleted.order_by("id").limit(_BATCH)
