"""Resolving incidents: the operator says what becomes of money that could not be settled by itself."""

from dataclasses import dataclass
from enum import StrEnum

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from domain.orders import OrderStatus
from domain.payments import CURRENCY, PaymentKind, is_paid
from models.incidents import Incident
from models.orders import Order
from models.payments import Payment
from models.unit_of_work import RacedError, UnitsOfWork
from services.orders.closing_rows import close_row
from services.orders.unpaid import one_less
from services.payments.ledger import book
from services.payments.pay_access import PayAccess
from services.payments.refund_sending import RefundSending
from services.payments.reserving import reserve_for_system
from services.wechat_problems import answered_as_problem
from wechat.pay.results import Transaction

_ABOUT_MONEY = (IncidentKind.PAYMENT_DIFFERS, IncidentKind.PAYMENT_WHILE_HELD)


class Decision(StrEnum):
    """What the operator decides."""

    NOTE = "note"
    """Looked at; nothing is changed."""
    ACCEPT = "accept"
    """The order counts as paid with the amount that came."""
    REFUND = "refund"
    """The money goes back, and the order is closed."""


class NotResolvableError(Exception):
    """The incident cannot be resolved like this; the text says why."""


@dataclass(frozen=True)
class Resolving:
    """Resolves incidents; raises Unavailable when the database does not answer."""

    units: UnitsOfWork
    access: PayAccess
    refund_sending: RefundSending
    clock: Clock

    async def resolve(self, incident_id: str, decision: Decision, note: str) -> Incident:
        """The incident, resolved. Raises NotResolvableError, and WeChatProblem where WeChat must be asked first."""
        incident = await self.units.read(_find, incident_id)
        if incident is None:
            raise NotResolvableError("there is no such incident")
        if incident.resolved_at is not None:
            raise NotResolvableError("it is resolved already")
        if decision is Decision.NOTE:
            return await self._note(incident, note)
        if incident.kind not in _ABOUT_MONEY:
            raise NotResolvableError(f"only {' and '.join(_ABOUT_MONEY)} are accepted or refunded; note the others")
        with answered_as_problem():
            news = await self.access.pay().query_transaction(incident.reference)
        refund_id = await self.units.run_again_if_raced(self._decide, incident, decision, note, news)
        if refund_id is not None:
            with answered_as_problem():
                await self.refund_sending.pursue(refund_id)
        return await self.units.read(_get, incident_id)

    async def _note(self, incident: Incident, note: str) -> Incident:
        if incident.kind == IncidentKind.PAYMENT_DIFFERS:
            raise NotResolvableError("it holds an order: accept or refund the payment")
        await self.units.run(self._resolved, incident, Decision.NOTE, note)
        return await self.units.read(_get, incident.id)

    async def _decide(self, incident: Incident, decision: Decision, note: str, news: Transaction) -> str | None:
        """The id of the refund that became necessary, if one did."""
        order = await Order.get(id=incident.subject)
        if not is_paid(news.trade_state) or news.out_trade_no != order.number or not news.total:
            raise NotResolvableError("WeChat does not show this payment for the order")
        if await Payment.filter(transaction_id=incident.reference).exists():
            raise NotResolvableError("the payment is booked already")
        refund_id = None
        if decision is Decision.ACCEPT:
            await self._accept(order, news)
        else:
            refund_id = await self._refund(incident, order, news)
        await self._resolved(incident, decision, note)
        return refund_id

    async def _accept(self, order: Order, news: Transaction) -> None:
        if news.currency != CURRENCY:
            raise NotResolvableError("a payment in another currency can only be refunded")
        if order.status != OrderStatus.PENDING or order.held_at is None:
            raise NotResolvableError("the order is no longer held; refund the payment")
        now = self.clock()
        await one_less(order.user_id)
        held = Order.filter(id=order.id, user_id=order.user_id, status=OrderStatus.PENDING, held_at=order.held_at)
        paid_at = news.success_time or now
        if not await held.update(
            status=OrderStatus.PAID, paid_at=paid_at, held_at=None, due_at=None, trade_state=news.trade_state
        ):
            raise RacedError
        payment = await self._book(PaymentKind.ORDER, order, news)
        if news.trade_state == "REFUND":
            _ = await Payment.filter(id=payment.id).update(is_refund_unknown=True)

    async def _refund(self, incident: Incident, order: Order, news: Transaction) -> str:
        now = self.clock()
        if incident.kind == IncidentKind.PAYMENT_DIFFERS and await close_row(
            order.id, now, trade_state=news.trade_state
        ):
            _ = await Order.filter(id=order.id).update(held_at=None)
        payment = await self._book(PaymentKind.LATE, order, news)
        return (await reserve_for_system(payment, order, self.access.notify_url, now)).id

    async def _book(self, kind: PaymentKind, order: Order, news: Transaction) -> Payment:
        now = self.clock()
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

    async def _resolved(self, incident: Incident, decision: Decision, note: str) -> None:
        unresolved = Incident.filter(id=incident.id, resolved_at=None)
        said = f"{decision}: {note}" if note else str(decision)
        if not await unresolved.update(resolved_at=self.clock(), resolution=said[:200], due_at=None):
            raise RacedError


async def _find(incident_id: str) -> Incident | None:
    return await Incident.filter(id=incident_id).first()


async def _get(incident_id: str) -> Incident:
    return await Incident.get(id=incident_id)
