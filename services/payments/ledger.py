"""Booking: each movement of money once, by WeChat's own reference of it."""

from datetime import datetime

from domain.ids import Prefix, new_id
from models.ledger import LedgerEntry
from models.payments import Payment


async def book(payment: Payment, amount: int, reference: str, happened_at: datetime, now: datetime) -> LedgerEntry:
    """`amount` in fen, negative for money that went back; a second booking of a reference breaks the unit."""
    return await LedgerEntry.create(
        id=new_id(Prefix.LEDGER_ENTRY, now),
        order_id=payment.order_id,
        payment_id=payment.id,
        amount=amount,
        reference=reference,
        happened_at=happened_at,
        created_at=now,
    )
