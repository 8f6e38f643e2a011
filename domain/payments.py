"""Payments: what WeChat's `trade_state` means here, and what news of one does to an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.incidents import IncidentKind
from domain.orders import HAS_MONEY, OrderStatus

CURRENCY = "CNY"
_PAID = frozenset({"SUCCESS", "REFUND"})
_CLOSED = frozenset({"CLOSED", "REVOKED"})


def is_paid(trade_state: str) -> bool:
    """SUCCESS, and REFUND, which WeChat says as soon as any part went back."""
    return trade_state in _PAID


def is_closed(trade_state: str) -> bool:
    """No payment can follow."""
    return trade_state in _CLOSED


class PaymentKind(StrEnum):
    """What a payment is to its order."""

    ORDER = "order"
    """The one that paid it."""
    LATE = "late"
    """Money for an order that was closed already: it goes back."""
    DOUBLE = "double"
    """A second transaction for a paid order: it goes back."""


@dataclass(frozen=True)
class Expected:
    """What an order says that its payment must be; `payer` is the keyed hash of its appid and openid."""

    mchid: str
    appid: str
    payer: str
    total: int


@dataclass(frozen=True)
class Reported:
    """What WeChat says of a payment; what it left out is None."""

    trade_state: str
    mchid: str | None
    appid: str | None
    payer: str | None
    total: int | None
    currency: str | None
    transaction_id: str | None


@dataclass(frozen=True)
class OrderFacts:
    """What is known of an order: `booked` are the payments that it has already, in fen.

    `has_refunds`: refunds of the transaction that the news is about are known, and WeChat may have made them.
    """

    status: OrderStatus
    is_held: bool
    booked: Mapping[str, int]
    has_refunds: bool


class Step(StrEnum):
    """What a piece of news makes of an order."""

    NOTHING = "nothing"
    CLOSE = "close"
    PAY = "pay"
    BOOK_AND_REFUND = "book and refund"
    """Money that the order has no use for: into the ledger, and back, what WeChat's console gave back left out."""
    HOLD = "hold"
    """An incident; an unpaid order waits for the operator."""
    REFUSE = "refuse"
    """Not about this merchant or mini program at all."""


@dataclass(frozen=True)
class Decision:
    """A step, and what the operator is told of it."""

    step: Step
    incident: IncidentKind | None = None
    kind: PaymentKind = PaymentKind.ORDER


def decide(order: OrderFacts, expected: Expected, news: Reported) -> Decision:
    """What to do about the news. Pure, the same for whoever brings it, and nothing new for news that is old."""
    if not is_paid(news.trade_state):
        return _unpaid(order, expected, news)
    if (news.mchid, news.appid) != (expected.mchid, expected.appid) or not news.transaction_id:
        return Decision(Step.REFUSE)
    if (amount := order.booked.get(news.transaction_id)) is not None:
        if (news.total, news.currency) != (amount, CURRENCY):
            return Decision(Step.NOTHING, IncidentKind.PAYMENT_DIFFERS)
        unexplained = news.trade_state == "REFUND" and not order.has_refunds
        return Decision(Step.NOTHING, IncidentKind.REFUND_UNKNOWN if unexplained else None)
    if (news.total, news.currency, news.payer) != (expected.total, CURRENCY, expected.payer):
        return Decision(Step.HOLD, IncidentKind.PAYMENT_DIFFERS)
    return _book(order, news)


def _unpaid(order: OrderFacts, expected: Expected, news: Reported) -> Decision:
    if news.mchid not in (None, expected.mchid) or news.appid not in (None, expected.appid):
        return Decision(Step.REFUSE)
    closes = is_closed(news.trade_state) and order.status is OrderStatus.PENDING and not order.is_held
    return Decision(Step.CLOSE if closes else Step.NOTHING)


def _book(order: OrderFacts, news: Reported) -> Decision:
    if order.is_held:
        return Decision(Step.HOLD, IncidentKind.PAYMENT_WHILE_HELD)
    incident = IncidentKind.REFUND_UNKNOWN if news.trade_state == "REFUND" else None
    if order.status is OrderStatus.PENDING:
        return Decision(Step.PAY, incident)
    kind = PaymentKind.DOUBLE if order.status in HAS_MONEY else PaymentKind.LATE
    return Decision(Step.BOOK_AND_REFUND, incident, kind)
