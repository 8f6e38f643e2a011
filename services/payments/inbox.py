"""The inbox of notifications: a row in the same unit as what the notification did."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.ids import Prefix, new_id
from models.notices import Notice


@dataclass(frozen=True)
class Mail:
    """A verified notification: WeChat's id of it, its kind, and its content sealed."""

    notification_id: str
    event_type: str
    sealed: str = field(repr=False)


async def is_known(mail: Mail | None) -> bool:
    """Whether this notification was settled before."""
    return mail is not None and await Notice.filter(notification_id=mail.notification_id).exists()


async def keep(mail: Mail | None, order_id: str, now: datetime) -> None:
    """Acknowledging hangs on this row; two that keep one notification at once meet the unique constraint."""
    if mail is not None:
        _ = await Notice.create(
            id=new_id(Prefix.NOTICE, now),
            notification_id=mail.notification_id,
            event_type=mail.event_type,
            order_id=order_id,
            body=mail.sealed,
            received_at=now,
        )
