"""The inbox of notifications: a row in the same unit as what the notification did."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.ids import Prefix, new_id
from models.accounts import User
from models.notices import Notice
from models.orders import Order


@dataclass(frozen=True)
class Mail:
    """A verified notification: WeChat's id of it, its kind, and its content sealed.

    `stripped` is what is kept of it where its buyer deleted the account: nothing that says who somebody was, sealed.
    """

    notification_id: str
    event_type: str
    sealed: str = field(repr=False)
    stripped: str = field(repr=False)


async def is_known(mail: Mail | None) -> bool:
    """Whether this notification was settled before."""
    return mail is not None and await Notice.filter(notification_id=mail.notification_id).exists()


async def keep(mail: Mail | None, order: Order, now: datetime) -> None:
    """Acknowledging hangs on this row; two that keep one notification at once meet the unique constraint."""
    if mail is not None:
        is_gone = await User.filter(id=order.user_id, deleted_at__isnull=False).exists()
        _ = await Notice.create(
            id=new_id(Prefix.NOTICE, now),
            notification_id=mail.notification_id,
            event_type=mail.event_type,
            order_id=order.id,
            body=mail.stripped if is_gone else mail.sealed,
            received_at=now,
        )
