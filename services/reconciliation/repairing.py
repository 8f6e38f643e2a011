"""Repairing: WeChat is asked about a row of its bill, and what it answers is settled as any other news."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.payments.asking import Begin
from services.payments.pay_access import PayAccess
from services.payments.refund_settling import NoRoomError, RefundSettling, UnknownPaymentError, UnknownRefundError
from services.payments.settling import ForeignPaymentError, Settling, UnknownOrderError
from services.wechat_problems import log_failure
from wechat.errors import Unavailable, Unreadable
from wechat.pay.bill_text import BillRow
from wechat.pay.errors import PayMisconfigured, PayRefused
from wechat.pay.results import RefundAnswer, Transaction

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

_PAUSES = (1.0, 3.0, 10.0)
_NOT_OURS = (ForeignPaymentError, NoRoomError, UnknownOrderError, UnknownPaymentError)

logger = logging.getLogger(__name__)


class Repairing:
    """Asks about one row after the other; `sleep` takes seconds. Whoever calls it looks what came of it.

    Each raises a WeChatError: PayMisconfigured, or an Unavailable that four questions did not overcome. What cannot be
    read four times is no reason to leave the rest of the bill.
    """

    def __init__(
        self, access: PayAccess, settling: Settling, refund_settling: RefundSettling, begin_refund: Begin, sleep: Sleep
    ) -> None:
        self._access = access
        self._settling = settling
        self._refund_settling = refund_settling
        self._begin_refund = begin_refund
        self._sleep = sleep

    async def payment(self, row: BillRow) -> None:
        """Settles what WeChat says of the row's payment."""
        news = await self.transaction(row.transaction_id)
        if news is not None:
            try:
                await self._settle(news)
            except _NOT_OURS as error:
                logger.warning("a payment of the bill is not settled", extra={"kind": type(error).__name__})

    async def refund(self, row: BillRow) -> None:
        """Settles what WeChat says of the row's refund, or adopts it, and its payment first where that is unknown."""
        news = await self.refund_answer(row.out_refund_no or "")
        if news is not None:
            try:
                await self._settle_refund(news)
            except _NOT_OURS as error:
                logger.warning("a refund of the bill is not settled", extra={"kind": type(error).__name__})

    async def transaction(self, transaction_id: str) -> Transaction | None:
        """What WeChat says of a payment; None where it knows none, or says what cannot be read."""
        return await self._ask(self._access.pay().query_transaction, transaction_id)

    async def refund_answer(self, number: str) -> RefundAnswer | None:
        """What WeChat says of a refund; None as above."""
        return await self._ask(self._access.pay().query_refund, number)

    async def _settle_refund(self, news: RefundAnswer) -> None:
        try:
            _ = await self._refund_settling.settle(news)
        except UnknownRefundError as error:
            if not error.is_payment_known:
                payment = await self.transaction(news.transaction_id or "")
                if payment is None:
                    raise UnknownPaymentError from None
                await self._settle(payment)
            _ = await self._refund_settling.adopt(news)

    async def _settle(self, news: Transaction) -> None:
        settled = await self._settling.settle(news)
        for refund_id in settled.refund_ids:
            self._begin_refund(refund_id)

    async def _ask(self, question: Callable[[str], Awaitable[T]], number: str) -> T | None:
        for pause in (*_PAUSES, None):
            try:
                return await question(number)
            except PayMisconfigured:
                raise
            except PayRefused as error:
                log_failure(error)
                return None
            except Unavailable as error:
                if pause is not None:
                    await self._sleep(pause)
                elif isinstance(error, Unreadable):
                    log_failure(error)
                else:
                    raise
        return None


async def sleep(seconds: float) -> None:
    """Real time."""
    await asyncio.sleep(seconds)
