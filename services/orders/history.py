"""The whole story of one order in time order: what was asked, what WeChat said, what moved, what was booked.

Nothing in it says who the buyer is but the user's id; no remark, no reason, no sealed body.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.money import Fen, display
from domain.payments import PaymentKind
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.notices import Notice
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from models.stories import OrderEvent
from models.unit_of_work import UnitsOfWork

_SOURCE = {"operator": "by operator", "system": "by this server", "console": "in WeChat's console"}


class Happening(StrEnum):
    """What a moment of the story is; of the same instant, the earlier ones here come first."""

    PLACED = "placed"
    WECHAT = "WeChat"
    NOTICE = "notice"
    INCIDENT = "incident"
    HELD = "held"
    RESOLVED = "resolved"
    CLOSING = "closing"
    PAYMENT = "payment"
    LEDGER = "ledger"
    REFUND = "refund"
    CLOSED = "closed"


_RANKS = {happening: rank for rank, happening in enumerate(Happening)}


@dataclass(frozen=True)
class Moment:
    """One line: when, what, in words, and the same as values; amounts in fen."""

    at: datetime
    what: Happening
    text: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """An order, its lines, and its moments from the first to the last."""

    order: Order
    items: Sequence[OrderItem]
    moments: Sequence[Moment]


@dataclass
class _Rows:
    order: Order
    items: list[OrderItem]
    payments: list[Payment]
    refunds: list[Refund]
    ledger: list[LedgerEntry]
    notices: list[Notice]
    events: list[OrderEvent]
    incidents: list[Incident]


async def history_of(units: UnitsOfWork, order: Order) -> History:
    """Everything that is stored of it; raises Unavailable when the database does not answer."""
    rows = await units.read(_load, order)
    parts = (_order, _wechat, _incidents, _payments, _ledger, _refunds)
    moments = [moment for part in parts for moment in part(rows)]
    return History(order, rows.items, sorted(moments, key=lambda moment: (moment.at, _RANKS[moment.what])))


async def _load(order: Order) -> _Rows:
    payments = await Payment.filter(order_id=order.id).order_by("id")
    refunds = await Refund.filter(order_id=order.id).order_by("id")
    subjects = {order.id, *(each.transaction_id for each in payments)}
    subjects |= {name for refund in refunds for name in (refund.id, refund.number)}
    return _Rows(
        order=order,
        items=await OrderItem.filter(order_id=order.id).order_by("place"),
        payments=payments,
        refunds=refunds,
        ledger=await LedgerEntry.filter(order_id=order.id).order_by("created_at", "id"),
        notices=await Notice.filter(order_id=order.id).order_by("id"),
        events=await OrderEvent.filter(order_id=order.id).order_by("id"),
        incidents=await Incident.filter(subject__in=sorted(subjects)).order_by("id"),
    )


def _order(rows: _Rows) -> Iterator[Moment]:
    order = rows.order
    yield Moment(order.created_at, Happening.PLACED, yuan(order.total), {"total": order.total})
    if order.held_at is not None:
        yield Moment(order.held_at, Happening.HELD, "waits for the operator's decision")
    if order.close_wanted_at is not None:
        yield Moment(order.close_wanted_at, Happening.CLOSING, "closing is wanted")
    if order.closed_at is not None:
        yield Moment(order.closed_at, Happening.CLOSED, "closed")


def _wechat(rows: _Rows) -> Iterator[Moment]:
    for event in rows.events:
        values = {"call": event.what, "outcome": event.detail}
        yield Moment(event.at, Happening.WECHAT, f"{event.what}: {event.detail}", values)
    for notice in rows.notices:
        yield Moment(notice.received_at, Happening.NOTICE, notice.event_type, {"eventType": notice.event_type})


def _incidents(rows: _Rows) -> Iterator[Moment]:
    for incident in rows.incidents:
        values = {"id": incident.id, "kind": incident.kind, "subject": incident.subject}
        yield Moment(incident.created_at, Happening.INCIDENT, f"{incident.kind} {incident.id}", values)
        if incident.resolved_at is not None:
            told = {**values, "resolution": incident.resolution}
            text = f"{incident.kind}: {incident.resolution or ''}"
            yield Moment(incident.resolved_at, Happening.RESOLVED, text, told)


def _payments(rows: _Rows) -> Iterator[Moment]:
    """At the moment they were booked here; WeChat's own moment has no fractions of a second, and stands beside it."""
    for payment in rows.payments:
        values = {
            "transactionId": payment.transaction_id,
            "kind": payment.kind,
            "total": payment.total,
            "paidAt": payment.paid_at,
        }
        kind = "" if payment.kind == PaymentKind.ORDER else f" ({payment.kind}: it goes back)"
        text = f"{yuan(payment.total)}{kind}, transaction {payment.transaction_id}"
        yield Moment(payment.created_at, Happening.PAYMENT, text, values)


def _refunds(rows: _Rows) -> Iterator[Moment]:
    for refund in rows.refunds:
        values = {
            "number": refund.number,
            "amount": refund.amount,
            "source": refund.source,
            "operatorId": refund.operator_id,
            "status": refund.status,
        }
        who = " ".join(filter(None, [_SOURCE.get(refund.source, refund.source), refund.operator_id]))
        open_ = "" if refund.completed_at else f", {refund.status}"
        text = f"{yuan(refund.amount)} {who}, number {refund.number}{open_}"
        yield Moment(refund.created_at, Happening.REFUND, text, values)
        if refund.completed_at is not None:
            ended_at = max(refund.completed_at, refund.created_at)
            yield Moment(ended_at, Happening.REFUND, f"{refund.number} is {refund.status}", values)


def _ledger(rows: _Rows) -> Iterator[Moment]:
    balance = 0
    for entry in rows.ledger:
        balance += entry.amount
        values = {"amount": entry.amount, "balance": balance, "reference": entry.reference}
        sign = "+" if entry.amount > 0 else ""
        text = f"{sign}{yuan(entry.amount)}, balance {yuan(balance)}"
        yield Moment(entry.created_at, Happening.LEDGER, text, values)


def yuan(fen: int) -> str:
    """For people."""
    return display(Fen(fen))
