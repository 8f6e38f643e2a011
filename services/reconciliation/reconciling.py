"""Reconciling one day: the bill is fetched, compared in batches, mended where it can be, and reported.

Every repair goes through the settling of payments and refunds, after WeChat was asked; the bill alone changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import replace
from datetime import date, timedelta
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
from services.reconciliation.unfinished import Mark, mark
from services.wechat_problems import log_failure, problem_of
from wechat import errors
from wechat.pay.bill_errors import BillBroken, NoStatement, StatementCreating
from wechat.pay.bill_file import TradeBill
from wechat.pay.bill_text import BillRow
from wechat.pay.errors import PayRefused

Progress = Callable[[int], None]

_BATCH = 500

_MOST_ASKED = 500
"""Questions about what is missing in the bill: few days have any, and a minute or two must do."""

_RECHARGE_REFUNDS = "RECHARGE_REFUND"

_APART_HOURS = 3
_APART = timedelta(hours=_APART_HOURS)

logger = logging.getLogger(__name__)


def ignore(_: object) -> None:
    """For who does not want to be told."""


class Reconciling:
    """Compares bills with the books. `begin_refund` is told of each system refund that a repair makes necessary.

    Without it, such a refund is due at once and left to the worker. `appids` are the mini programs that sell here:
    others may use the same merchant number, and their rows are only counted. Without them none is another's. About
    what is missing in the bill WeChat is asked `most_asked` times; what is left then is told to the operator.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        access: PayAccess,
        settling: Settling,
        refund_settling: RefundSettling,
        clock: Clock,
        *,
        appids: Collection[str] = (),
        most_asked: int = _MOST_ASKED,
        begin_refund: Begin = ignore,
        sleep: Sleep = sleep,
    ) -> None:
        self._units = units
        self._access = access
        self._clock = clock
        self._appids = frozenset(appids)
        self._most_asked = most_asked
        self._repairing = Repairing(access, settling, refund_settling, begin_refund, sleep)

    async def run(
        self, day: date, progress: Progress, *, begin: Progress = ignore, tell: Tell = ignore
    ) -> Reconciliation:
        """Reconciles a day in China; the stored outcome. Running it again repairs and alarms nothing twice.

        `begin` is told how many rows the bill has, `progress` how many more were compared, `tell` each difference.
        Raises BadRequest for a day without a bill, Unavailable where WeChat or the database gave out on the way, or
        WeChat's "there is no bill" is not believed: what was repaired stays, and a new run does the rest.
        WeChatProblem where WeChat refuses.
        """
        check_ready(day, self._clock())
        report = Report(self._units, self._clock, day, tell)
        seen = SeenNumbers()
        with _told_as_failure(day), ExitStack() as opened:
            trade, recharge = await self._open_bills(day, opened, report)
            bills = [bill for bill in (trade, recharge) if bill is not None]
            lines = sum(bill.lines for bill in bills)
            begin(lines)
            for bill in bills:
                await self._compare(bill, report, seen, progress)
            await self._look_for_missing(day, report, seen, has_bill=trade is not None)
        outcome = await report.store(lines)
        known = {"day": day.isoformat(), "lines": lines, "repaired": report.repaired, "alarms": report.alarms}
        known |= {"foreign": report.foreign, "notAsked": report.unasked}
        logger.log(logging.WARNING if report.alarms else logging.INFO, "bill reconciled", extra=known)
        return outcome

    async def _open_bills(
        self, day: date, opened: ExitStack, report: Report
    ) -> tuple[TradeBill | None, TradeBill | None]:
        """The bill of all, and that of the refunds that it leaves out; None where WeChat says that there is none."""
        pay = self._access.pay()
        trade = await _fetched(pay.trade_bill, day, opened)
        try:
            return trade, await _fetched(pay.recharge_refund_bill, day, opened)
        except StatementCreating:
            raise
        except PayRefused as error:  # few merchants have such refunds, and to one WeChat may not offer their bill
            log_failure(error)
        except BillBroken as error:  # the many rows do not wait for the few
            log_failure(error)
            await report.leave_out(_RECHARGE_REFUNDS)
        return trade, None

    async def _compare(self, bill: TradeBill, report: Report, seen: SeenNumbers, progress: Progress) -> None:
        rows = bill.rows()
        while batch := await asyncio.to_thread(_next_batch, rows):
            books = await self._look_up(batch)
            fresh = []
            for row in batch:
                if self._is_foreign(row, books):
                    report.foreign += 1
                elif seen.add(_key(row)):
                    fresh.append(row)
                else:
                    await report.add(difference(row, Sort.REPEATED, "twice", "once", None))
            # Payments first: a refund in the same batch may be one of them.
            for row in sorted(fresh, key=lambda each: each.out_refund_no is not None):
                for each in await self._judge(row, books):
                    await report.add(each)
            progress(len(batch))

    async def _look_for_missing(self, day: date, report: Report, seen: SeenNumbers, *, has_bill: bool) -> None:
        """Raises Unavailable where WeChat's "there is no bill" was not said hours ago too, or the books have a bill."""
        now = self._clock()
        if not has_bill and not await self._units.run_again_if_raced(mark, day, Mark.NO_BILL, now, _APART):
            raise _not_believed(day)
        missing = Missing(self._units, self._repairing, ChinaDay.of(day), seen, most_asked=self._most_asked)
        async with aclosing(missing.find()) as found:
            async for each in found:
                if not has_bill:
                    raise _not_believed(day)
                await report.add(each)
        if missing.unasked and not has_bill:
            raise _not_believed(day)
        await report.leave_unasked(missing.unasked)

    def _is_foreign(self, row: BillRow, books: Books) -> bool:
        """Another mini program's under the same merchant number, and of nothing that is known here."""
        if not self._appids or row.appid in self._appids:
            return False
        is_known = books.order_of(row.transaction_id, row.out_trade_no) or row.out_refund_no in books.refunds
        return not is_known

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


async def _fetched(fetch: Callable[[date], Awaitable[TradeBill]], day: date, opened: ExitStack) -> TradeBill | None:
    try:
        return opened.enter_context(await fetch(day))
    except NoStatement:
        return None


def _not_believed(day: date) -> Unavailable:
    return Unavailable(
        f"WeChat says that there is no bill of {day.isoformat()}, which is believed once it was said twice, "
        f"{_APART_HOURS} hours apart, and nothing here is of that day. Run it again later."
    )


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
