"""Comparing with WeChat: an order, its payments and refunds are asked about by their numbers; nothing is changed."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from domain.problems import ProblemCode, WeChatProblem
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.payments.auditing import Disagreement
from services.payments.book_reading import read_books
from services.payments.books import Book
from services.payments.books_at_wechat import BookAtWeChat, differences
from services.wechat_problems import answered_as_problem
from wechat.pay.client import Pay
from wechat.pay.errors import OrderNotFound, RefundNotFound

T = TypeVar("T")

_SECONDS_BETWEEN = 0.5
_ANOTHER_MERCHANT = "It was made for another merchant number than the one of the settings."


@dataclass(frozen=True)
class Compared:
    """What differs of an order, and how many of its payments and refunds were asked about."""

    found: list[Disagreement]
    payments: int
    refunds: int


@dataclass(frozen=True)
class Comparing:
    """Asks by queries alone, of which no story is written. `pause` is in seconds."""

    units: UnitsOfWork
    pay: Pay
    pause: float = _SECONDS_BETWEEN

    async def compare(self, order: Order) -> Compared:
        """What differs is asked about once more a moment later: only what then still differs is told.

        Raises WeChatProblem where WeChat gave no answer to rely on, Unavailable where the database gave none.
        """
        with answered_as_problem():
            book, found = await self._differences(order)
            if found:
                await asyncio.sleep(self.pause)
                _, still = await self._differences(order)
                found = [said for said in found if said in still]
        told = [Disagreement(order.number, said) for said in found]
        return Compared(told, len(book.payments), len(book.refunds))

    async def _differences(self, order: Order) -> tuple[Book, list[str]]:
        [book] = await self.units.read(read_books, [order.id])
        if order.mchid != self.pay.merchant.mchid:
            raise WeChatProblem(ProblemCode.WECHAT_REJECTED, _ANOTHER_MERCHANT)
        return book, differences(book, await self._asked(book))

    async def _asked(self, book: Book) -> BookAtWeChat:
        order = await _known(self.pay.query(book.order.number))
        shown = None if order is None else order.transaction_id
        return BookAtWeChat(
            order=order,
            payments={
                number: order if number == shown else await _known(self.pay.query_transaction(number))
                for number in (payment.transaction_id for payment in book.payments)
            },
            refunds={refund.number: await _known(self.pay.query_refund(refund.number)) for refund in book.refunds},
        )


async def _known(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except (OrderNotFound, RefundNotFound):
        return None
