"""The other way round: what was paid and refunded here on a day and does not stand in its bill."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

from domain.ids import Prefix, new_id
from domain.refunds import RefundSource, RefundStatus
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

_LONG_AGO, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

Pages = Callable[[str], Awaitable[list[tuple[str, str]]]]

_EARLIER = timedelta(days=1)
"""A payment is written down after it was made; a day allows for clocks that differ."""

_LONGEST_WAIT = timedelta(days=35)
"""A refund may wait so long for the merchant's balance until WeChat takes it."""

_SLACK = timedelta(minutes=10)
"""For clocks that differ, and for the way of a request."""


class Missing:
    """Looks at every payment and refund that may be of the day, a page at a time. At most `most_asked` questions."""

    def __init__(
        self, units: UnitsOfWork, repairing: Repairing, day: ChinaDay, seen: SeenNumbers, *, most_asked: int
    ) -> None:
        self._units = units
        self._repairing = repairing
        self._day = day
        self._seen = seen
        self._left_to_ask = most_asked
        self.unasked = 0
        """How many of those that may be of the day were not asked about, since there were too many."""

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
        if not self._may_ask():
            return False
        news = await self._repairing.transaction(payment.transaction_id)
        return news is None or news.success_time is None or self._day.has(news.success_time)

    async def _is_taken_on_day(self, refund: HereRefund) -> bool:
        """Whether WeChat took the refund on the day; it is asked where that may have been before or after midnight.

        The bill has what WeChat took, whatever becomes of it later: a refund to a card succeeds days afterwards.
        """
        if refund.status is not RefundStatus.SUCCESS and refund.refund_id is None:
            return False
        earliest, latest = _taken(refund)
        if latest < self._day.start or earliest >= self._day.end:
            return False
        if earliest >= self._day.start and latest < self._day.end:
            return True
        if not self._may_ask():
            return False
        news = await self._repairing.refund_answer(refund.number)
        return news is None or news.created is None or self._day.has(news.created)

    def _may_ask(self) -> bool:
        if self._left_to_ask <= 0:
            self.unasked += 1
            return False
        self._left_to_ask -= 1
        return True


def _taken(refund: HereRefund) -> tuple[datetime, datetime]:
    """The earliest and the latest moment at which WeChat may have taken it."""
    if refund.source is RefundSource.CONSOLE:
        is_told = refund.created_at != refund.sent_at  # else both are the moment at which it was heard of
        return refund.created_at if is_told else _LONG_AGO, refund.created_at
    ends = [each + _SLACK for each in (refund.sent_at, refund.completed_at) if each is not None]
    return refund.created_at - _SLACK, min(ends, default=_NEVER)


def payment_key(transaction_id: str) -> str:
    """By which a payment of the bill is remembered."""
    return f"pay:{transaction_id}"


def refund_key(number: str) -> str:
    """By which a refund of the bill is remembered."""
    return f"refund:{number}"
