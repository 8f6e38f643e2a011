"""Resolving incidents: the operator says what becomes of money that could not be settled by itself.

The incident's row is resolved first in each unit: of two operators who decide at once, one finds it resolved.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.clock import Clock
from domain.ids import Prefix, is_id, new_id
from domain.incidents import ABOUT_MONEY
from domain.money import LEAST, MOST
from domain.orders import HAS_MONEY, OrderStatus
from domain.payments import CURRENCY, PaymentKind, is_paid
from domain.problems import InputIssue, InvalidInput, WeChatProblem
from domain.text import clean_text
from models.incidents import Incident
from models.orders import Order
from models.payments import Payment, Refund
from models.unit_of_work import RacedError, UnitsOfWork
from services.orders.closing_rows import close_row
from services.orders.unpaid import one_less
from services.payments.ledger import book
from services.payments.pay_access import PayAccess
from services.payments.refund_sending import RefundSending
from services.payments.reserving import reserve_for_system
from services.payments.trade_states import note_trade_state
from services.payments.unknown_refunds import note_unknown_refund
from services.wechat_problems import answered_as_problem, log_failure
from wechat.errors import WeChatError
from wechat.pay.results import Transaction

_LONGEST_NOTE = 190
_RESOLVED = "it is resolved already"

logger = logging.getLogger(__name__)


class Decision(StrEnum):
    """What becomes of the money."""

    ACCEPT = "accept"
    """The order counts as paid with the amount that came."""
    REFUND = "refund"
    """The money goes back, and an order that it held is closed."""


class NotResolvableError(Exception):
    """The incident cannot be resolved like this; the text says why."""


@dataclass(frozen=True)
class HeldMoney:
    """What is to be decided: the order, and the payment as WeChat shows it, in hundredths of its currency.

    `has_refunds`: some or all of it went back already, by WeChat's console.
    """

    order: Order
    total: int
    currency: str
    has_refunds: bool


@dataclass(frozen=True)
class Resolved:
    """The order as it is then; `payment` is what was booked, `refund` what goes back of it.

    Without one after REFUND, WeChat's console gave back some or all of it, and that must be known here first.
    """

    order: Order
    payment: Payment
    refund: Refund | None


@dataclass(frozen=True)
class Noting:
    """Notes incidents that no money hangs on; raises Unavailable when the database does not answer."""

    units: UnitsOfWork
    clock: Clock

    async def note(self, incident_id: str, text: str) -> None:
        """Resolved with these words, at most 190 characters. Raises InvalidInput, NotResolvableError."""
        cleaned = clean_text("note", text, longest=_LONGEST_NOTE)
        if isinstance(cleaned, InputIssue):
            raise InvalidInput([cleaned])
        await self.units.run(self._note, incident_id, cleaned)
        logger.warning("incident resolved", extra={"incident": incident_id, "decision": "note"})

    async def _note(self, incident_id: str, text: str) -> None:
        incident = await _find(incident_id)
        await _end(incident, self.clock(), f"note: {text}")
        if incident.kind in ABOUT_MONEY and not await Payment.filter(transaction_id=incident.reference).exists():
            raise NotResolvableError("money waits for a decision: accept or refund it")


@dataclass(frozen=True)
class Resolving:
    """Decides about money on hold; raises Unavailable when the database does not answer."""

    units: UnitsOfWork
    access: PayAccess
    refund_sending: RefundSending
    clock: Clock

    async def look(self, incident_id: str) -> HeldMoney:
        """What is to be decided, as WeChat shows it now. Raises NotResolvableError, WeChatProblem; changes nothing."""
        incident, news = await self._asked(incident_id)
        order = await self.units.read(_order_of, incident, news)
        return HeldMoney(order, news.total or 0, news.currency or "", has_refunds=news.trade_state == "REFUND")

    async def resolve(self, incident_id: str, decision: Decision) -> Resolved:
        """WeChat is asked first, then all is done at once. Raises NotResolvableError, WeChatProblem: nothing changed.

        A refund that WeChat does not take yet is sent again by the worker.
        """
        incident, news = await self._asked(incident_id)
        decide = self._accept if decision is Decision.ACCEPT else self._refund
        payment_id = await self.units.run_again_if_raced(self._decide, incident, decision, decide, news)
        logger.warning("incident resolved", extra={"incident": incident_id, "decision": str(decision)})
        done = await self.units.read(_resolved, payment_id)
        if done.refund is None:
            return done
        try:
            await self.refund_sending.pursue(done.refund.id)
        except WeChatError as error:
            log_failure(error)
        except WeChatProblem as problem:
            logger.warning("a refund waits for the worker", extra={"problem": str(problem.code)})
        return await self.units.read(_resolved, payment_id)

    async def _asked(self, incident_id: str) -> tuple[Incident, Transaction]:
        incident = await self.units.read(_find, incident_id)
        if incident.resolved_at is not None:
            raise NotResolvableError(_RESOLVED)
        if incident.kind not in ABOUT_MONEY:
            raise NotResolvableError("no money waits for a decision; note it once it is dealt with")
        with answered_as_problem():
            return incident, await self.access.pay().query_transaction(incident.reference)

    async def _decide(
        self,
        incident: Incident,
        decision: Decision,
        decide: Callable[[Order, Transaction, datetime], Awaitable[Payment]],
        news: Transaction,
    ) -> str:
        """Those about one order take turns: of two last payments that are refunded at once, one closes the order."""
        now = self.clock()
        await self.units.take_turns(incident.subject)
        await _end(incident, now, str(decision))
        order = await _order_of(incident, news)
        payment = await decide(order, news, now)
        await note_trade_state(order, news.trade_state)
        return payment.id

    async def _accept(self, order: Order, news: Transaction, now: datetime) -> Payment:
        if news.currency != CURRENCY:
            raise NotResolvableError("a payment in another currency can only be refunded")
        if order.status != OrderStatus.PENDING or order.held_at is None:
            raise NotResolvableError("the order is no longer on hold; refund the payment")
        await one_less(order.user_id)
        held = Order.filter(id=order.id, user_id=order.user_id, status=OrderStatus.PENDING, held_at__isnull=False)
        paid_at = news.success_time or now
        if not await held.update(status=OrderStatus.PAID, paid_at=paid_at, held_at=None, due_at=None):
            raise RacedError
        payment = await _book(PaymentKind.ORDER, order, news, now)
        if news.trade_state == "REFUND":
            await note_unknown_refund(order.id, payment.transaction_id, now)
        return payment

    async def _refund(self, order: Order, news: Transaction, now: datetime) -> Payment:
        """An order on hold is closed with the last of its payments that waits; until then one can be accepted."""
        if not await Incident.filter(kind__in=list(ABOUT_MONEY), subject=order.id, resolved_at=None).exists():
            _ = await close_row(order.id, now)
            _ = await Order.filter(id=order.id).update(held_at=None)
        kind = PaymentKind.DOUBLE if order.status in HAS_MONEY else PaymentKind.LATE
        payment = await _book(kind, order, news, now)
        if news.trade_state == "REFUND":  # some or all of it went back already; once that is known the rest follows
            await note_unknown_refund(order.id, payment.transaction_id, now)
        else:
            _ = await reserve_for_system(payment, order, self.access.notify_url, now)
        return payment


async def _find(incident_id: str) -> Incident:
    """Raises NotResolvableError where there is none."""
    incident = await Incident.filter(id=incident_id).first() if is_id(Prefix.INCIDENT, incident_id) else None
    if incident is None:
        raise NotResolvableError("there is no such incident; `appletql incidents list --all` shows them")
    return incident


async def _end(incident: Incident, now: datetime, resolution: str) -> None:
    """Resolves the row, inside a unit; raises NotResolvableError where somebody else did."""
    unresolved = Incident.filter(id=incident.id, resolved_at=None)
    if not await unresolved.update(resolved_at=now, resolution=resolution, due_at=None):
        raise NotResolvableError(_RESOLVED)


async def _order_of(incident: Incident, news: Transaction) -> Order:
    """The order of a payment that WeChat shows for it and that was not booked yet. Raises NotResolvableError."""
    order = await Order.get(id=incident.subject)
    said = (news.mchid, news.appid, news.out_trade_no, news.transaction_id)
    known = (order.mchid, order.appid, order.number, incident.reference)
    if said != known or not is_paid(news.trade_state):
        raise NotResolvableError("WeChat does not show this payment for the order")
    if news.total is None or not LEAST <= news.total <= MOST:
        raise NotResolvableError("WeChat shows an amount that cannot be booked")
    if await Payment.filter(transaction_id=incident.reference).exists():
        raise NotResolvableError("the payment is booked already; note it")
    return order


async def _book(kind: PaymentKind, order: Order, news: Transaction, now: datetime) -> Payment:
    payment = await Payment.create(
        id=new_id(Prefix.PAYMENT, now),
        order_id=order.id,
        transaction_id=news.transaction_id,
        kind=kind,
        total=news.total,
        paid_at=news.success_time or now,
        created_at=now,
    )
    _ = await book(payment, payment.total, f"pay:{payment.transaction_id}", payment.paid_at, now)
    return payment


async def _resolved(payment_id: str) -> Resolved:
    payment = await Payment.get(id=payment_id).select_related("order")
    refund = await Refund.filter(payment_id=payment_id).order_by("id").first()
    return Resolved(payment.order, payment, refund)
