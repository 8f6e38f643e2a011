"""The one place where news of a refund becomes its state, and money that went back is booked."""

import logging
from datetime import datetime

from tortoise.expressions import F

from domain import refunds as rules
from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from domain.orders import OrderStatus, status_after_refunds
from domain.payments import PaymentKind
from domain.refunds import RefundSource, RefundStatus
from models.orders import Order
from models.payments import Payment, Refund
from models.unit_of_work import RacedError, UnitsOfWork
from services.incidents import record, record_again
from services.payments.inbox import Mail, is_known, keep
from services.payments.ledger import book
from services.payments.reserving import release, reserve, reserve_for_system
from services.payments.settling import ForeignPaymentError
from services.payments.trade_states import note_trade_state
from wechat.pay.results import RefundAnswer

logger = logging.getLogger(__name__)


class UnknownRefundError(Exception):
    """WeChat speaks of a refund that was not asked for here: made in its console, perhaps.

    `is_payment_known`: the payment of which it is was settled before.
    """

    def __init__(self, *, is_payment_known: bool) -> None:
        super().__init__()
        self.is_payment_known = is_payment_known


class UnknownPaymentError(Exception):
    """WeChat speaks of a refund of a payment that is not known here, or not yet."""


class NoRoomError(Exception):
    """A refund that WeChat made takes what another of ours has reserved; it fits once that is given up."""


class RefundSettling:
    """Settles refunds; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, clock: Clock, notify_url: str) -> None:
        self._units = units
        self._clock = clock
        self._notify_url = notify_url

    async def settle(self, news: RefundAnswer, mail: Mail | None = None) -> str:
        """The id of the order; raises UnknownRefundError, ForeignPaymentError, NoRoomError."""
        return await self._units.run_again_if_raced(self._settle, news, mail)

    async def adopt(self, news: RefundAnswer, mail: Mail | None = None) -> str:
        """Makes a refund of WeChat's console ours, and settles it; the id of the order.

        Of a payment that its order has no use for, what is left goes back too.
        `news` is WeChat's answer to a question, not a notification. Raises UnknownPaymentError, NoRoomError,
        ForeignPaymentError.
        """
        return await self._units.run_again_if_raced(self._adopt, news, mail)

    async def _settle(self, news: RefundAnswer, mail: Mail | None) -> str:
        refund = await Refund.filter(number=news.out_refund_no).select_related("payment", "order").first()
        if refund is None:
            known = Payment.filter(transaction_id=news.transaction_id)
            raise UnknownRefundError(is_payment_known=await known.exists())
        if await is_known(mail):
            return refund.order_id
        now = self._clock()
        if news.mchid is not None and news.mchid != refund.order.mchid:
            raise ForeignPaymentError
        if not _fits(refund, news):
            await record(IncidentKind.REFUND_DIFFERS, refund.id, now, news.refund_id or "")
        else:
            await self._move(refund, news, now)
            if refund.payment.kind == PaymentKind.ORDER and news.status != RefundStatus.CLOSED:
                await note_trade_state(refund.order, "REFUND")
        await keep(mail, refund.order, now)
        return refund.order_id

    async def _move(self, refund: Refund, news: RefundAnswer, now: datetime) -> None:
        if refund.refund_id is None and news.refund_id:
            _ = await Refund.filter(id=refund.id).update(refund_id=news.refund_id)
        after = rules.status_of(news.status)
        before = RefundStatus(refund.status)
        if after is None or after is before or not rules.may_move(before, after):
            if before is RefundStatus.PROCESSING:
                await _ask_later(refund, now)
            elif before is after is RefundStatus.ABNORMAL:
                await record_again(IncidentKind.REFUND_ABNORMAL, refund.id, now)
            return
        await _step(refund, before, after, news, now)
        if before is RefundStatus.CLOSED:  # given up here, and made all the same
            await record(IncidentKind.REFUND_DIFFERS, refund.id, now, news.refund_id or "")
            if not await reserve(refund.payment, refund.amount):
                raise NoRoomError
            _ = await Payment.filter(id=refund.payment_id).update(is_refund_unknown=False)
        if after is RefundStatus.SUCCESS:
            await _went_back(refund, news.success_time or now, now)
        elif after is RefundStatus.CLOSED:
            await self._came_to_nothing(refund, now)
        else:
            await record(IncidentKind.REFUND_ABNORMAL, refund.id, now)

    async def _adopt(self, news: RefundAnswer, mail: Mail | None) -> str:
        payment = await Payment.filter(transaction_id=news.transaction_id).select_related("order").first()
        if payment is None or not news.refund or not news.out_refund_no:
            raise UnknownPaymentError
        if (news.out_trade_no, news.total) != (payment.order.number, payment.total):
            raise UnknownPaymentError
        if not await Refund.filter(number=news.out_refund_no).exists():
            await self._insert(payment, news, news.refund, news.out_refund_no)
        return await self._settle(news, mail)

    async def _came_to_nothing(self, refund: Refund, now: datetime) -> None:
        payment: Payment = refund.payment
        if refund.source != RefundSource.CONSOLE or payment.kind == PaymentKind.ORDER:
            await give_up(refund, now)
            return
        await release(refund.payment_id, refund.amount)  # owed all the same: this server gives it back instead
        _ = await reserve_for_system(payment, refund.order, self._notify_url, now)

    async def _insert(self, payment: Payment, news: RefundAnswer, amount: int, number: str) -> None:
        """One that WeChat closed claims nothing; its row explains why WeChat speaks of a refund."""
        now = self._clock()
        is_closed = rules.status_of(news.status) is RefundStatus.CLOSED
        if not is_closed and not await reserve(payment, amount):
            if await Refund.filter(number=number).exists():  # whoever was faster reserved it
                raise RacedError
            raise NoRoomError
        _ = await Payment.filter(id=payment.id).update(is_refund_unknown=False)
        refund = await Refund.create(
            id=new_id(Prefix.REFUND, now),
            payment_id=payment.id,
            order_id=payment.order_id,
            number=number,
            source=RefundSource.CONSOLE,
            key=number,
            amount=amount,
            body="",
            status=RefundStatus.CLOSED if is_closed else RefundStatus.PROCESSING,
            refund_id=news.refund_id,
            sent_at=now,
            created_at=news.created or now,
            completed_at=now if is_closed else None,
            due_at=None if is_closed else rules.next_question(now, now),
        )
        logger.warning("a refund was made in WeChat's console", extra={"refund": refund.id, "order": refund.order_id})
        if payment.kind != PaymentKind.ORDER:
            _ = await reserve_for_system(payment, payment.order, self._notify_url, now)


async def give_up(refund: Refund, now: datetime) -> None:
    """The claim of a refund that was just closed ends; one that was owed, or promised, is told to the operator."""
    await release(refund.payment_id, refund.amount)
    if refund.source == RefundSource.SYSTEM or refund.refund_id is not None:
        await record(IncidentKind.REFUND_CLOSED, refund.id, now)


def _fits(refund: Refund, news: RefundAnswer) -> bool:
    payment: Payment = refund.payment
    said = (news.transaction_id, news.out_trade_no, news.refund, news.total)
    return said == (payment.transaction_id, refund.order.number, refund.amount, payment.total)


async def _ask_later(refund: Refund, now: datetime) -> None:
    _ = await Refund.filter(id=refund.id, status=RefundStatus.PROCESSING).update(
        due_at=rules.next_question(refund.created_at, now)
    )


async def _step(refund: Refund, before: RefundStatus, after: RefundStatus, news: RefundAnswer, now: datetime) -> None:
    ended_at = (news.success_time or now) if after is RefundStatus.SUCCESS else now
    due_at = rules.next_question(refund.created_at, now) if after is RefundStatus.ABNORMAL else None
    unchanged = Refund.filter(id=refund.id, status=before)
    completed_at = None if after is RefundStatus.ABNORMAL else ended_at
    if not await unchanged.update(status=after, completed_at=completed_at, due_at=due_at):
        raise RacedError


async def _went_back(refund: Refund, happened_at: datetime, now: datetime) -> None:
    payment: Payment = refund.payment
    _ = await Payment.filter(id=payment.id).update(refunded=F("refunded") + refund.amount)
    _ = await book(payment, -refund.amount, f"refund:{refund.number}", happened_at, now)
    if payment.kind != PaymentKind.ORDER:
        return
    # Read behind the lock on the payment's row: another refund of it may have been settled since.
    order = await Order.get(id=refund.order_id)
    refunded = order.refunded + refund.amount
    unchanged = Order.filter(id=order.id, refunded=order.refunded).exclude(status=OrderStatus.CLOSED)
    if not await unchanged.update(refunded=refunded, status=status_after_refunds(payment.total, refunded)):
        raise RacedError
