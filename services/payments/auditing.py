"""Auditing: every amount recomputed from the ledger, every counter counted again, over the whole database.

Reads in batches, beside a server that goes on. What disagrees is looked at once more a moment later, since a change
may have come between two readings; only what then still stands is told.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tortoise.models import Model

from domain.incidents import ABOUT_MONEY
from domain.orders import OrderStatus
from models.accounts import User
from models.catalogue import Product
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from models.unit_of_work import UnitsOfWork
from services.payments.books import Book, disagreements
from services.payments.resolving import Decision

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows a step of so many rows; what it gives is called with how many were dealt with since."""

_BATCH = 500
_SECONDS_BETWEEN = 0.5


@dataclass(frozen=True)
class Disagreement:
    """The number of an order, or the id of a user or product, and what is wrong with it."""

    subject: str
    said: str


@dataclass(frozen=True)
class _Part:
    """One table to go through, and what disagrees among some of its rows, given by their ids."""

    name: str
    model: type[Model]
    check: Callable[[Sequence[str]], Awaitable[list[Disagreement]]]


@dataclass(frozen=True)
class Auditing:
    """Looks through the books; raises Unavailable when the database does not answer. `pause` is in seconds."""

    units: UnitsOfWork
    pause: float = _SECONDS_BETWEEN

    async def run(self, progress: Progress) -> AsyncIterator[Disagreement]:
        """Everything that disagrees, as it is found."""
        for part in _PARTS:
            with progress(part.name, await self.units.read(_count, part.model)) as advance:
                async for found in self._part(part, advance):
                    yield found

    async def _part(self, part: _Part, advance: Callable[[int], None]) -> AsyncIterator[Disagreement]:
        after = ""
        while ids := await self.units.read(_ids, part.model, after):
            after = ids[-1]
            if found := await self.units.read(part.check, ids):
                await asyncio.sleep(self.pause)
                still = set(await self.units.read(part.check, ids))
                for disagreement in found:
                    if disagreement in still:
                        yield disagreement
            advance(len(ids))


async def _count(model: type[Model]) -> int:
    return await model.all().count()


async def _ids(model: type[Model], after: str) -> list[str]:
    rows = model.filter(id__gt=after).order_by("id").limit(_BATCH)
    return [str(row_id) for row_id in await rows.values_list("id", flat=True)]


async def _check_orders(ids: Sequence[str]) -> list[Disagreement]:
    books = {order.id: Book(order) for order in await Order.filter(id__in=list(ids)).order_by("id")}
    among = {"order_id__in": list(books)}
    for item in await OrderItem.filter(**among):
        books[item.order_id].items.append(item)
    for payment in await Payment.filter(**among).order_by("id"):
        books[payment.order_id].payments.append(payment)
    for refund in await Refund.filter(**among).order_by("id"):
        books[refund.order_id].refunds.append(refund)
    for entry in await LedgerEntry.filter(**among).order_by("id"):
        books[entry.order_id].ledger.append(entry)
    for incident in await Incident.filter(subject__in=list(books), kind__in=list(ABOUT_MONEY)):
        _decided(books[incident.subject], incident)
    return [Disagreement(book.order.number, said) for book in books.values() for said in disagreements(book)]


def _decided(book: Book, incident: Incident) -> None:
    if incident.resolved_at is None:
        book.waits_for_decision = True
    elif incident.resolution == Decision.ACCEPT:
        book.accepted.add(incident.reference)


async def _check_users(ids: Sequence[str]) -> list[Disagreement]:
    unpaid = Order.filter(user_id__in=list(ids), status=OrderStatus.PENDING)
    counted = Counter([str(user_id) for user_id in await unpaid.values_list("user_id", flat=True)])
    return [
        Disagreement(user.id, f"counts {user.unpaid_orders} unpaid orders, has {counted[user.id]}")
        for user in await User.filter(id__in=list(ids)).order_by("id")
        if user.unpaid_orders != counted[user.id]
    ]


async def _check_products(ids: Sequence[str]) -> list[Disagreement]:
    below = Product.filter(id__in=list(ids), stock__lt=0).order_by("id")
    return [Disagreement(product.id, f"the stock is {product.stock}") for product in await below]


_PARTS = (
    _Part("orders", Order, _check_orders),
    _Part("users", User, _check_users),
    _Part("products", Product, _check_products),
)
