"""Refunds that WeChat speaks of and that are not known here: told, and in the way of others until they are known."""

from datetime import datetime

from tortoise.expressions import Q

from domain.incidents import IncidentKind
from domain.refunds import RefundStatus
from models.payments import Payment, Refund
from services.incidents import record_again


async def is_explained(transaction_id: str) -> bool:
    """Whether a refund that WeChat may have made is known: not one that it never took, or that was not sent yet."""
    sent = Refund.filter(payment__transaction_id=transaction_id, sent_at__isnull=False)
    # One Q: each of several keywords would leave out rows by itself.
    return await sent.exclude(Q(status=RefundStatus.CLOSED, refund_id__isnull=True)).exists()


async def note_unknown_refund(order_id: str, transaction_id: str, now: datetime) -> None:
    """WeChat gave some of a payment back, and no refund of it is known here; inside a unit that is run again if raced.

    Until one is known nothing more of the payment is given back.
    """
    await record_again(IncidentKind.REFUND_UNKNOWN, order_id, now, transaction_id)
    payment = Payment.filter(transaction_id=transaction_id)
    _ = await payment.update(is_refund_unknown=True)
    if await is_explained(transaction_id):  # made known meanwhile, which is read behind the lock on the payment's row
        _ = await payment.update(is_refund_unknown=False)
