"""Looking at orders: one of them, a user's own, or all; a fixed number of statements for any page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.ids import Prefix, is_id
from domain.orders import OrderStatus
from domain.pages import Cursor, Page
from models.orders import Order
from models.payments import Refund
from models.unit_of_work import UnitsOfWork
from services.orders.views import Onlooker, OrderView, OrderViews
from services.pages import page_of

_LONGEST_NUMBER = 32


@dataclass(frozen=True)
class OrderReading:
    """Finds orders; raises Unavailable when the database does not answer."""

    units: UnitsOfWork
    views: OrderViews

    async def by_id(self, onlooker: Onlooker, order_id: str) -> OrderView | None:
        """An own order, any for an operator; None for all others alike."""
        return await self._seen(onlooker, id=order_id) if is_id(Prefix.ORDER, order_id) else None

    async def by_number(self, onlooker: Onlooker, number: str) -> OrderView | None:
        """As `by_id`, by the trade number that WeChat's receipt shows."""
        may_be_one = number.isascii() and number.isalnum() and len(number) <= _LONGEST_NUMBER
        return await self._seen(onlooker, number=number) if may_be_one else None

    async def own(
        self, onlooker: Onlooker, first: int, after: Cursor | None, status: Sequence[OrderStatus] | None
    ) -> Page[OrderView]:
        """The user's own orders, newest first."""
        return await self._page(onlooker, first, after, status, user_id=onlooker.user_id)

    async def all(
        self, onlooker: Onlooker, first: int, after: Cursor | None, status: Sequence[OrderStatus] | None
    ) -> Page[OrderView]:
        """Everybody's, newest first; for operators."""
        return await self._page(onlooker, first, after, status)

    async def refund(self, onlooker: Onlooker, refund_id: str) -> Refund | None:
        """A refund of an own order, any for an operator."""
        if not is_id(Prefix.REFUND, refund_id):
            return None
        whose = {} if onlooker.is_operator else {"order__user_id": onlooker.user_id}
        return await self.units.read(_refund, id=refund_id, **whose)

    async def _seen(self, onlooker: Onlooker, **which: str) -> OrderView | None:
        whose = {} if onlooker.is_operator else {"user_id": onlooker.user_id}
        order = await self.units.read(_order, **which, **whose)
        return None if order is None else (await self.views.of([order], onlooker))[0]

    async def _page(
        self,
        onlooker: Onlooker,
        first: int,
        after: Cursor | None,
        status: Sequence[OrderStatus] | None,
        **whose: str,
    ) -> Page[OrderView]:
        wanted: dict[str, Any] = dict(whose) if status is None else {"status__in": list(status), **whose}
        page = await self.units.read(_orders, wanted, first, after)
        return Page(await self.views.of(page.rows, onlooker), page.has_next, page.has_previous)


async def _order(**which: str) -> Order | None:
    return await Order.filter(**which).first()


async def _refund(**which: str) -> Refund | None:
    return await Refund.filter(**which).first()


async def _orders(wanted: dict[str, Any], first: int, after: Cursor | None) -> Page[Order]:
    return await page_of(Order.filter(**wanted), first, after)
