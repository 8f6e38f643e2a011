"""Auditing: every amount recomputed from the ledger, every counter counted again, over the whole database.

Reads in batches, beside a server that goes on. What disagrees is looked at once more a moment later, since a change
may have come between two readings; only what then still stands is told.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tortoise.models import Model

from domain.orders import OrderStatus
from models.accounts import User
from models.catalogue import Product
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.payments.book_reading import read_books
from services.payments.books import disagreements

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows a step of so many rows; what it gives is called with how many were dealt with since."""

_BATCH = 500
_SECONDS_BETWEEN = 0.5
_NAMES = ("orders", "payments", "refunds", "ledger movements", "users", "products")


@dataclass(frozen=True)
class Disagreement:
    """The number of an order, or the id of a user or product, and what is wrong with it."""

    subject: str
    said: str


@dataclass(frozen=True)
class _Look:
    """What disagrees among some rows, and how many rows of which name were looked at for it."""

    found: list[Disagreement]
    rows: dict[str, int]


@dataclass(frozen=True)
class _Part:
    """One table to go through, and a look at some of its rows, given by their ids."""

    name: str
    model: type[Model]
    check: Callable[[Sequence[str]], Awaitable[_Look]]


@dataclass(frozen=True)
class Auditing:
    """Looks through the books; raises Unavailable when the database does not answer. `pause` is in seconds.

    `checked` are how many rows it looked at so far, by their name.
    """

    units: UnitsOfWork
    pause: float = _SECONDS_BETWEEN
    checked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_NAMES, 0))

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
            look = await self.units.read(part.check, ids)
            for name, count in look.rows.items():
                self.checked[name] += count
            if look.found:
                await asyncio.sleep(self.pause)
                still = set((await self.units.read(part.check, ids)).found)
                for disagreement in look.found:
                    if disagreement in still:
                        yield disagreement
            advance(len(ids))


async def _count(model: type[Model]) -> int:
    return await model.all().count()


async def _ids(model: type[Model], after: str) -> list[str]:
    rows = model.filter(id__gt=after).order_by("id").limit(_BATCH)
    return [str(row_id) for row_id in await rows.values_list("id", flat=True)]


async def _check_orders(ids: Sequence[str]) -> _Look:
    books = await read_books(ids)
    return _Look(
        [Disagreement(book.order.number, said) for book in books for said in disagreements(book)],
        {
            "orders": len(books),
            "payments": sum(len(book.payments) for book in books),
            "refunds": sum(len(book.refunds) for book in books),
            "ledger movements": sum(len(book.ledger) for book in books),
        },
    )


async def _check_users(ids: Sequence[str]) -> _Look:
    unpaid = Order.filter(user_id__in=list(ids), status=OrderStatus.PENDING)
    counted = Counter([str(user_id) for user_id in await unpaid.values_list("user_id", flat=True)])
    users = await User.filter(id__in=list(ids)).order_by("id")
    found = [
        Disagreement(user.id, f"counts {user.unpaid_orders} unpaid orders, has {counted[user.id]}")
        for user in users
        if user.unpaid_orders != counted[user.id]
    ]
    return _Look(found, {"users": len(users)})


async def _check_products(ids: Sequence[str]) -> _Look:
    products = await Product.filter(id__in=list(ids)).order_by("id")
    below = [product for product in products if product.stock is not None and product.stock < 0]
    return _Look([Disagreement(it.id, f"the stock is {it.stock}") for it in below], {"products": len(products)})


_PARTS = (
    _Part("orders", Order, _check_orders),
    _Part("users", User, _check_users),
    _Part("products", Product, _check_products),
)
