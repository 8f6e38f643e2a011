"""A refund as buyers and operators see it."""

from datetime import datetime

import strawberry

from domain.refunds import RefundStatus
from models.payments import Refund as RefundRow
from schema.common.enums import register_enum
from schema.common.money import Money
from schema.common.node import Node

register_enum(
    RefundStatus,
    {
        RefundStatus.PROCESSING: "Reserved; WeChat is being asked, or works on it.",
        RefundStatus.SUCCESS: "The money went back.",
        RefundStatus.ABNORMAL: "The payer's account does not take it; the operator mends it in WeChat's console.",
        RefundStatus.CLOSED: "Refused for good; the amount can be refunded again, with a new key.",
    },
)


@strawberry.type
class Refund(Node):
    """Money that goes back, or went back."""

    amount: Money
    status: RefundStatus
    reason: str | None
    created_at: datetime
    completed_at: datetime | None

    @classmethod
    def from_row(cls, row: RefundRow) -> "Refund":
        """The row as it is now."""
        return cls(
            id=strawberry.ID(row.id),
            amount=Money.from_fen(row.amount),
            status=RefundStatus(row.status),
            reason=row.reason,
            created_at=row.created_at,
            completed_at=row.completed_at,
        )
