"""Reconciling one day: the bill is fetched, compared in batches, mended where it can be, and reported.

Every repair goes through the settling of payments and refunds, after WeChat was asked; the bill alone changes nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import date
from itertools import islice

from domain.clock import Clock
from domain.problems import Unavailable
from models.reconciliations import Reconciliation
from models.unit_of_work import UnitsOfWork
from services.payments.asking import Begin
from services.payments.pay_access import PayAccess
from services.payments.refund_settling import RefundSettling
from services.payments.settling import Settling
from services.reconciliation.books import Books, look_up
from services.reconciliation.china_days import ChinaDay, check_ready
from services.reconciliation.differences import Difference, Sort
from services.reconciliation.judging import agrees, difference, judge_payment, judge_refund, only_there
from services.reconciliation.missing import Missing, payment_key, refund_key
from services.reconciliation.repairing import Repairing, Sleep, sleep
from services.reconciliation.reporting import Report, Tell
from services.reconciliation.seen_numbers import SeenNumbers
from services.wechat_problems import log_failure, problem_of
from wechat import errors
from wechat.pay.bill_errors import BillBroken, NoStatement, StatementCreating
from wechat.pay.bill_file import TradeBill
from wechat.pay.bill_text import BillRow

Progress = Callable[[int], None]

_BATCH = 500

logger = logging.getLogger(__name__)


def ignore(_: object) -> None:
    """For who does not want to be told."""


class Reconciling:
    """Compares bills with the books. `begin_refund` is told of each system refund that a repair makes necessary.

    Without it, such a refund is due at once and left to the worker.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        access: PayAccess,
        settling: Settling,
        refund_settling: RefundSettling,
        clock: Clock,
        *,
        begin_refund: Begin = ignore,
        sleep: Sleep = sleep,
    ) -> None:
        self._units = units
        self._access = access
        self._clock = clock
        self._repairing = Repairing(access, settling, refund_settling, begin_refund, sleep)

    async def run(
        self, day: date, progress: Progress, *, begin: Progress = ignore, tell: Tell = ignore
    ) -> Reconciliation:
        """Reconciles a day in China; the stored outcome. Running it again repairs and alarms nothing twice.

        `begin` is told how many rows the bill has, `progress` how many more were compared, `tell` each difference.
        Raises BadRequest for a day without a bill, Unavailable where WeChat or the database gave out on the way: what
        was repaired stays, and a new run does the rest. WeChatProblem where WeChat refuses.
        """
        check_ready(day, self._clock())
        report = Report(self._units, self._clock, day, tell)
        seen = SeenNumbers()
        with _told_as_failure(day):
            lines = await self._compare_bill(day, report, seen, begin, progress)
            missing = Missing(self._units, self._repairing, ChinaDay.of(day), seen)
            async with aclosing(missing.find()) as found:
                async for each in found:
                    await report.add(each)
        outcome = await report.store(lines)
        known = {"day": day.isoformat(), "lines": lines, "repaired": report.repaired, "alarms": report.alarms}
        logger.log(logging.WARNING if report.alarms else logging.INFO, "bill reconciled", extra=known)
        return outcome

    async def _compare_bill(
        self, day: date, report: Report, seen: SeenNumbers, begin: Progress, progress: Progress
    ) -> int:
        try:
            bill = await self._access.pay().trade_bill(day)
        except NoStatement:
            begin(0)
            return 0  # nothing was traded, which the books here must say too
        with bill:
            begin(bill.lines)
            await self._compare(bill, report, seen, progress)
        return bill.lines

    async def _compare(self, bill: TradeBill, report: Report, seen: SeenNumbers, progress: Progress) -> None:
        rows = bill.rows()
        while batch := await asyncio.to_thread(_next_batch, rows):
            fresh = []
            for row in batch:
                if seen.add(_key(row)):
                    fresh.append(row)
                else:
                    await report.add(difference(row, Sort.REPEATED, "twice", "once", None))
            books = await self._look_up(fresh)
            # Payments first: a refund in the same batch may be one of them.
            for row in sorted(fresh, key=lambda each: each.out_refund_no is not None):
                for each in await self._judge(row, books):
                    await report.add(each)
            progress(len(batch))

    async def _judge(self, row: BillRow, books: Books) -> Sequence[Difference]:
        found = list(_differences(row, books))
        if not _can_be_asked(row, books, found):
            return found
        await (self._repairing.payment(row) if row.out_refund_no is None else self._repairing.refund(row))
        left = list(_differences(row, await self._look_up([row])))
        sorts = {each.sort for each in left}
        return [*(replace(each, repaired=True) for each in found if each.sort not in sorts), *left]

    async def _look_up(self, rows: Sequence[BillRow]) -> Books:
        numbers = [row.out_refund_no for row in rows if row.out_refund_no is not None]
        trades = [row.transaction_id for row in rows], [row.out_trade_no for row in rows]
        return await self._units.read(look_up, trades[0], numbers, trades[1])


def _next_batch(rows: Iterator[BillRow]) -> list[BillRow]:
    return list(islice(rows, _BATCH))


def _key(row: BillRow) -> str:
    return payment_key(row.transaction_id) if row.out_refund_no is None else refund_key(row.out_refund_no)


def _differences(row: BillRow, books: Books) -> Iterator[Difference]:
    if row.out_refund_no is None:
        payment = books.payments.get(row.transaction_id)
        if payment is not None:
            return judge_payment(row, payment)
    else:
        refund = books.refunds.get(row.out_refund_no)
        if refund is not None:
            return judge_refund(row, refund)
    return iter([only_there(row, books.order_of(row.transaction_id, row.out_trade_no))])


def _can_be_asked(row: BillRow, books: Books, found: Sequence[Difference]) -> bool:
    """Something of an order that is ours is missing here, or a refund is further at WeChat than here."""
    sorts = {each.sort for each in found}
    if sorts & {Sort.PAYMENT_ONLY_THERE, Sort.REFUND_ONLY_THERE}:
        return books.order_of(row.transaction_id, row.out_trade_no) is not None
    return Sort.REFUND_STATE in sorts and not agrees(row, books.refunds[row.out_refund_no or ""])


@contextmanager
def _told_as_failure(day: date) -> Iterator[None]:
    try:
        yield
    except errors.WeChatError as error:
        log_failure(error)
        if isinstance(error, StatementCreating):
            failure = Unavailable(f"WeChat is still making the bill of {day.isoformat()}; try again in half an hour.")
        elif isinstance(error, BillBroken):
            failure = Unavailable(f"The bill of {day.isoformat()} did not come whole ({error.detail}): try again.")
        elif isinstance(error, errors.Unavailable):
            failure = Unavailable("WeChat gave no answer to rely on; run it again, what was repaired stays.")
        else:
            raise problem_of(error) from None
    else:
        return
    raise failure
