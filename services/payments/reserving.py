"""Reserving: a refund claims its part of a payment before WeChat hears of it, in the unit that makes its row."""

from datetime import datetime

from tortoise.expressions import F

from domain.ids import Prefix, new_id
from domain.refunds import MOST_PARTS, RefundSource, RefundStatus
from models.orders import Order
from models.payments import Payment, Refund
from models.unit_of_work import RacedError
from wechat.pay.refunds import refund_body

_REASON = "订单无需此笔付款"
"""What the payer reads of money that an order had no use for."""


async def reserve(payment: Payment, amount: int, **only: bool) -> bool:
    """Claims `amount` fen, by one conditional update; False when that much is not left, or the parts are used up.

    `only` are further conditions on the payment's row.
    """
    room = Payment.filter(id=payment.id, reserved__lte=payment.total - amount, parts__lt=MOST_PARTS, **only)
    return bool(await room.update(reserved=F("reserved") + amount, parts=F("parts") + 1))


async def release(payment_id: str, amount: int) -> None:
    """Gives up what a refund claimed that will never be made."""
    _ = await Payment.filter(id=payment_id).update(reserved=F("reserved") - amount, parts=F("parts") - 1)


async def insert_refund(
    payment: Payment,
    order: Order,
    now: datetime,
    *,
    notify_url: str,
    source: RefundSource,
    key: str,
    amount: int,
    reason: str | None,
    operator_id: str | None = None,
    input_hash: str | None = None,
) -> Refund:
    """The row of a refund whose amount is reserved, with the exact bytes to send; due at once."""
    refund_id = new_id(Prefix.REFUND, now)
    body = refund_body(
        transaction_id=payment.transaction_id,
        out_refund_no=refund_id,
        refund=amount,
        total=payment.total,
        notify_url=notify_url,
        reason=reason,
    )
    return await Refund.create(
        id=refund_id,
        payment_id=payment.id,
        order_id=order.id,
        operator_id=operator_id,
        number=refund_id,
        source=source,
        key=key,
        input_hash=input_hash,
        amount=amount,
        reason=reason,
        body=body.decode(),
        status=RefundStatus.PROCESSING,
        created_at=now,
        due_at=now,
    )


async def reserve_for_system(payment: Payment, order: Order, notify_url: str, now: datetime) -> Refund | None:
    """The refund of what nobody claimed of a payment that its order has no use for; None where nothing is left.

    That is the whole payment, once, by the unique key. What WeChat's console left of it, or did not give back after
    all, has a key of its own. Raises RacedError.
    """
    row = await Payment.get(id=payment.id)
    rest = row.total - row.reserved
    if rest == 0 or row.parts >= MOST_PARTS:
        return None
    if not await reserve(row, rest):
        raise RacedError
    earlier = await Refund.filter(payment_id=payment.id, source=RefundSource.SYSTEM).count()
    return await insert_refund(
        payment,
        order,
        now,
        notify_url=notify_url,
        source=RefundSource.SYSTEM,
        key=f"{payment.id}:{earlier}" if earlier else payment.id,
        amount=rest,
        reason=_REASON,
    )
