"""The books here, read in batches: what is known of the numbers of a bill, and what was paid and refunded in a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.refunds import RefundSource, RefundStatus
from models.ledger import LedgerEntry
from models.orders import Order
from models.payments import Payment, Refund

PAGE = 1000
_MOMENTS = ("created_at", "sent_at", "completed_at")
_PAYMENT = ("id", "transaction_id", "total", "order_id", "order__number", "order__mchid", "order__appid")
_REFUND = ("id", "number", "amount", "status", "source", "refund_id", *_MOMENTS, "order_id")
_OF_REFUND = ("order__number", "payment__transaction_id")


@dataclass(frozen=True, slots=True)
class HerePayment:
    """A payment, in fen; `booked` is the amount of its entry in the ledger."""

    id: str
    transaction_id: str
    total: int
    order_id: str
    number: str
    mchid: str
    appid: str
    booked: int | None = None


@dataclass(frozen=True, slots=True)
class HereRefund:
    """A refund, in fen; `booked` is the amount of its entry in the ledger, below zero."""

    id: str
    number: str
    amount: int
    status: RefundStatus
    source: RefundSource
    refund_id: str | None
    created_at: datetime
    sent_at: datetime | None
    completed_at: datetime | None
    order_id: str
    trade_number: str
    transaction_id: str
    booked: int | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """What is known: payments by transaction_id, refunds by out_refund_no, ids of orders by out_trade_no."""

    payments: dict[str, HerePayment]
    refunds: dict[str, HereRefund]
    orders: dict[str, str]

    def order_of(self, transaction_id: str, number: str) -> str | None:
        """The id of the order that a row of the bill is about."""
        payment = self.payments.get(transaction_id)
        return payment.order_id if payment is not None else self.orders.get(number)


async def look_up(transaction_ids: Sequence[str], refund_numbers: Sequence[str], numbers: Sequence[str]) -> Books:
    """By four statements, however many numbers."""
    paid = await Payment.filter(transaction_id__in=transaction_ids).values_list(*_PAYMENT)
    back = await Refund.filter(number__in=refund_numbers).values_list(*_REFUND, *_OF_REFUND) if refund_numbers else []
    references = [*(f"pay:{row[1]}" for row in paid), *(f"refund:{row[1]}" for row in back)]
    booked = dict(await LedgerEntry.filter(reference__in=references).values_list("reference", "amount"))
    known = {row[1] for row in paid}
    unknown = [number for it, number in zip(transaction_ids, numbers, strict=True) if it not in known]
    orders = dict(await Order.filter(number__in=unknown).values_list("number", "id")) if unknown else {}
    payments = [_payment(row, booked.get(f"pay:{row[1]}")) for row in paid]
    refunds = [_refund(row, booked.get(f"refund:{row[1]}")) for row in back]
    return Books({it.transaction_id: it for it in payments}, {it.number: it for it in refunds}, orders)


async def payments_after(row_id: str) -> list[tuple[str, str]]:
    """The next page of payments in the order of their ids, each with its transaction_id; none after the last."""
    page = Payment.filter(id__gt=row_id).order_by("id").limit(PAGE)
    return [(row[0], row[1]) for row in await page.values_list("id", "transaction_id")]


async def refunds_after(row_id: str) -> list[tuple[str, str]]:
    """As `payments_after`, with out_refund_no."""
    page = Refund.filter(id__gt=row_id).order_by("id").limit(PAGE)
    return [(row[0], row[1]) for row in await page.values_list("id", "number")]


async def payments_of(ids: Sequence[str]) -> list[tuple[HerePayment, datetime]]:
    """The payments of these ids, in their order, and when each was made; without what was booked."""
    found = await Payment.filter(id__in=ids).order_by("id").values_list(*_PAYMENT, "paid_at")
    return [(_payment(row[:-1], None), _aware(row[-1])) for row in found]


async def refunds_of(ids: Sequence[str]) -> list[HereRefund]:
    """The refunds of these ids, in their order; without what was booked."""
    found = await Refund.filter(id__in=ids).order_by("id").values_list(*_REFUND, *_OF_REFUND)
    return [_refund(row, None) for row in found]


def _payment(row: tuple[Any, ...], booked: int | None) -> HerePayment:
    row_id, transaction_id, total, order_id, number, mchid, appid = row
    return HerePayment(row_id, transaction_id, total, order_id, number, mchid, appid, booked)


def _refund(row: tuple[Any, ...], booked: int | None) -> HereRefund:
    row_id, number, amount, status, source, refund_id, created_at, sent_at, completed_at, *of_payment = row
    order_id, trade_number, transaction_id = of_payment
    return HereRefund(
        row_id,
        number,
        amount,
        RefundStatus(status),
        RefundSource(source),
        refund_id,
        _aware(created_at),
        None if sent_at is None else _aware(sent_at),
        None if completed_at is None else _aware(completed_at),
        order_id,
        trade_number,
        transaction_id,
        booked,
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
