"""The other way round: what was paid and refunded here on a day and does not stand in its bill."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from domain.ids import Prefix, new_id
from domain.refunds import RefundStatus
from models.unit_of_work import UnitsOfWork
from services.reconciliation.books import (
    PAGE,
    HerePayment,
    HereRefund,
    payments_after,
    payments_of,
    refunds_after,
    refunds_of,
)
from services.reconciliation.china_days import ChinaDay
from services.reconciliation.differences import Difference
from services.reconciliation.judging import payment_only_here, refund_only_here
from services.reconciliation.repairing import Repairing
from services.reconciliation.seen_numbers import SeenNumbers

Pages = Callable[[str], Awaitable[list[tuple[str, str]]]]

_EARLIER = timedelta(days=1)
"""A payment is written down after it was made; a day allows for clocks that differ."""

_LONGEST_WAIT = timedelta(days=35)
"""A refund may wait so long for the merchant's balance until WeChat takes it."""


class Missing:
    """Looks at every payment and refund that may be of the day, a page at a time."""

    def __init__(self, units: UnitsOfWork, repairing: Repairing, day: ChinaDay, seen: SeenNumbers) -> None:
        self._units = units
        self._repairing = repairing
        self._day = day
        self._seen = seen

    async def find(self) -> AsyncGenerator[Difference, None]:
        """Each that the bill has not: its own are in the given set, by `payment_key` and `refund_key`."""
        floor = new_id(Prefix.PAYMENT, self._day.start - _EARLIER)
        async for ids in self._unseen(payments_after, payment_key, floor):
            for payment, paid_at in await self._units.read(payments_of, ids):
                if await self._is_paid_on_day(payment, paid_at):
                    yield payment_only_here(payment)
        floor = new_id(Prefix.REFUND, self._day.start - _LONGEST_WAIT)
        async for ids in self._unseen(refunds_after, refund_key, floor):
            for refund in await self._units.read(refunds_of, ids):
                if await self._is_taken_on_day(refund):
                    yield refund_only_here(refund)

    async def _unseen(self, next_page: Pages, key: Callable[[str], str], floor: str) -> AsyncIterator[list[str]]:
        """The ids of each page whose numbers do not stand in the bill; of whichever day they are."""
        while page := await self._units.read(next_page, floor):
            ids = [row_id for row_id, number in page if key(number) not in self._seen]
            if ids:
                yield ids
            floor = page[-1][0]
            if len(page) < PAGE:
                return

    async def _is_paid_on_day(self, payment: HerePayment, paid_at: datetime) -> bool:
        if not self._day.has(paid_at):
            return False
        if paid_at.microsecond == 0:
            return True
        # WeChat tells whole seconds: this one left the moment out, and ours stands in its place.
        news = await self._repairing.transaction(payment.transaction_id)
        return news is None or news.success_time is None or self._day.has(news.success_time)

    async def _is_taken_on_day(self, refund: HereRefund) -> bool:
        """Whether WeChat took the refund on the day: between the two moments that are known here."""
        is_done = refund.status is RefundStatus.SUCCESS
        if not is_done and refund.refund_id is None:
            return False
        if refund.created_at >= self._day.end:
            return False
        if refund.completed_at is not None and refund.completed_at < self._day.start:
            return False
        if is_done and refund.created_at >= self._day.start and self._day.has(refund.completed_at or self._day.end):
            return True
        news = await self._repairing.refund_answer(refund.number)
        return news is None or news.created is None or self._day.has(news.created)


def payment_key(transaction_id: str) -> str:
    """By which a payment of the bill is remembered."""
    return f"pay:{transaction_id}"


def refund_key(number: str) -> str:
    """By which a refund of the bill is remembered."""
    return f"refund:{number}"
