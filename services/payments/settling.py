"""The one place where news of a payment becomes the state of an order, whoever brings it.

A notification, a question to WeChat, the worker and the bill all end here. `domain.payments.decide` says what to do;
this module does it in one unit, together with the inbox row of a notification.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from domain.orders import OrderStatus
from domain.payments import Decision, Expected, OrderFacts, PaymentKind, Reported, Step, decide
from models.orders import Order
from models.payments import Payment
from models.unit_of_work import RacedError, UnitsOfWork
from services.incidents import record
from services.keyed_hashes import KeyedHashes
from services.orders.closing_rows import close_row
from services.orders.unpaid import one_less
from services.payments.inbox import Mail, is_known, keep
from services.payments.ledger import book
from services.payments.reserving import reserve_for_system
from services.payments.trade_states import note_trade_state
from services.payments.unknown_refunds import is_explained, note_unknown_refund
from wechat.pay.results import Transaction

logger = logging.getLogger(__name__)


class UnknownOrderError(Exception):
    """WeChat speaks of an order that is not here, or not yet."""


class ForeignPaymentError(Exception):
    """The news is about another merchant or mini program than the order's, or names no transaction."""


@dataclass(frozen=True)
class Settled:
    """The order that the news was about, and the system refunds that it made necessary, to be sent."""

    order_id: str
    refund_ids: tuple[str, ...] = ()


class Settling:
    """Settles payments; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, hashes: KeyedHashes, clock: Clock, notify_url: str) -> None:
        self._units = units
        self._hashes = hashes
        self._clock = clock
        self._notify_url = notify_url

    async def settle(self, news: Transaction, mail: Mail | None = None) -> Settled:
        """What the news changes is changed, once; raises UnknownOrderError, ForeignPaymentError."""
        payer = await self._hashes.person(news.appid, news.openid) if news.appid and news.openid else None
        return await self._units.run_again_if_raced(self._settle, news, payer, mail)

    async def _settle(self, news: Transaction, payer: str | None, mail: Mail | None) -> Settled:
        order = await Order.filter(number=news.out_trade_no).first() if news.out_trade_no else None
        if order is None:
            raise UnknownOrderError
        if await is_known(mail):
            return Settled(order.id)
        now = self._clock()
        decision = decide(await _facts(order, news), _expected(order), _reported(news, payer))
        settled = await self._apply(decision, order, news, now)
        await note_trade_state(order, news.trade_state)
        await keep(mail, order, now)
        return settled

    async def _apply(self, decision: Decision, order: Order, news: Transaction, now: datetime) -> Settled:
        if decision.step is Step.REFUSE:
            raise ForeignPaymentError
        settled = Settled(order.id)
        if decision.incident is not None and decision.incident is not IncidentKind.REFUND_UNKNOWN:
            await record(decision.incident, order.id, now, news.transaction_id or "")
        if decision.step is Step.HOLD:
            _ = await Order.filter(id=order.id, status=OrderStatus.PENDING, held_at=None).update(
                held_at=now, due_at=None
            )
        elif decision.step is Step.CLOSE:
            await close_row(order.id, now, Q(held_at=None), trade_state=news.trade_state)
        elif decision.step is Step.PAY:
            await self._pay(order, news, now)
        elif decision.step is Step.BOOK_AND_REFUND:
            settled = await self._book_and_refund(decision, order, news, now)
        if decision.incident is IncidentKind.REFUND_UNKNOWN:
            await note_unknown_refund(order.id, news.transaction_id or "", now)
        return settled

    async def _pay(self, order: Order, news: Transaction, now: datetime) -> None:
        await one_less(order.user_id)
        unpaid = Order.filter(id=order.id, user_id=order.user_id, status=OrderStatus.PENDING, held_at=None)
        paid_at = news.success_time or now
        if not await unpaid.update(status=OrderStatus.PAID, paid_at=paid_at, due_at=None):
            raise RacedError
        payment = await _insert(PaymentKind.ORDER, order, news, now)
        _ = await book(payment, payment.total, f"pay:{payment.transaction_id}", paid_at, now)
        logger.info("order paid", extra={"order": order.id})

    async def _book_and_refund(self, decision: Decision, order: Order, news: Transaction, now: datetime) -> Settled:
        """What WeChat's console gave back must be known first: a refund of ours of the whole would be too much."""
        payment = await _insert(decision.kind, order, news, now)
        _ = await book(payment, payment.total, f"pay:{payment.transaction_id}", payment.paid_at, now)
        kind = str(decision.kind)
        logger.warning("money that an order has no use for goes back", extra={"order": order.id, "kind": kind})
        if decision.incident is IncidentKind.REFUND_UNKNOWN:
            return Settled(order.id)
        refund = await reserve_for_system(payment, order, self._notify_url, now)
        return Settled(order.id, () if refund is None else (refund.id,))


async def _insert(kind: PaymentKind, order: Order, news: Transaction, now: datetime) -> Payment:
    return await Payment.create(
        id=new_id(Prefix.PAYMENT, now),
        order_id=order.id,
        transaction_id=news.transaction_id,
        kind=kind,
        total=news.total,
        paid_at=news.success_time or now,
        created_at=now,
    )


async def _facts(order: Order, news: Transaction) -> OrderFacts:
    payments = await Payment.filter(order_id=order.id)
    return OrderFacts(
        status=OrderStatus(order.status),
        is_held=order.held_at is not None,
        booked={payment.transaction_id: payment.total for payment in payments},
        has_refunds=await is_explained(news.transaction_id or ""),
    )


def _expected(order: Order) -> Expected:
    return Expected(mchid=order.mchid, appid=order.appid, payer=order.payer, total=order.total)


def _reported(news: Transaction, payer: str | None) -> Reported:
    return Reported(
        trade_state=news.trade_state,
        mchid=news.mchid,
        appid=news.appid,
        payer=payer,
        total=news.total,
        currency=news.currency,
        transaction_id=news.transaction_id,
    )
