"""What becomes a notification, to whom it goes, and in which order where a test wants another than time's.

https://pay.weixin.qq.com/doc/v3/merchant/4012791902
https://pay.weixin.qq.com/doc/v3/merchant/4012791906
"""

from enum import StrEnum
from typing import Any

from sandbox.faults import NotificationMode
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.notice_messages import new_id
from sandbox.pay.rows import Notification, PayOrder, Refund, Transaction
from sandbox.pay.switches import NotifyWith
from sandbox.pay.views import order_view, refund_notice_view

PAYMENT, REFUND = "transaction", "refund"
"""The two values of `original_type`."""

_HELD_BACK = 60.0


class SignWith(StrEnum):
    """Which of WeChat Pay's keys signs."""

    PUBLIC_KEY = "public-key"
    CERTIFICATE = "certificate"


def payment_notice(wechat: OfflineWeChat, order: PayOrder, transaction: Transaction) -> None:
    """Queue TRANSACTION.SUCCESS for the order's notify_url."""
    notification = new_notification(
        wechat, "TRANSACTION.SUCCESS", PAYMENT, order.notify_url, order_view(wechat, order, transaction)
    )
    if wechat.faults.notifications is NotificationMode.REORDERED:
        notification.due_at += _HELD_BACK
    _queue(wechat, notification)


def refund_notice(wechat: OfflineWeChat, order: PayOrder, refund: Refund) -> None:
    """Queue REFUND.SUCCESS, REFUND.ABNORMAL or REFUND.CLOSED, by the refund's status.

    A request without a notify_url is told of at the order's, in the XML of API v2; a refund of the console's there
    too, in that of v3.
    """
    content = refund_notice_view(refund, wechat.state.transactions[refund.transaction_id])
    url = order.notify_url if refund.notify_url is None else refund.notify_url
    notification = new_notification(wechat, f"REFUND.{refund.status}", REFUND, url, content)
    notification.xml = refund.notify_url is None and not refund.console
    _queue(wechat, notification)


def is_kept_back(wechat: OfflineWeChat, notification: Notification) -> bool:
    """Whether a payment's first notice waits for that of a refund of the same order, which is queued."""
    return (
        wechat.faults.notifications is NotificationMode.REORDERED
        and notification.original_type == PAYMENT
        and any(each.original_type == REFUND for each in _untried_of_the_same_order(wechat, notification))
    )


def let_go(wechat: OfflineWeChat, refund: Notification) -> None:
    """After a refund's notice was tried: the notice of its payment that was held back is due."""
    if refund.original_type == REFUND:
        for each in _untried_of_the_same_order(wechat, refund):
            each.due_at = min(each.due_at, wechat.clock.now())


def signing_serial(wechat: OfflineWeChat, attempts: int) -> str:
    """What signs the next attempt: the key that the switches name, or by turns the public key and the certificate."""
    if wechat.pay.switches.notify_with is NotifyWith.BOTH:
        return serial_of(wechat, SignWith.CERTIFICATE if attempts % 2 else SignWith.PUBLIC_KEY)
    return serial_of(wechat, SignWith(wechat.pay.switches.notify_with))


def serial_of(wechat: OfflineWeChat, sign_with: SignWith) -> str:
    """The id of the public key or the serial of the newest certificate; merchants without certificates get the id."""
    public_key = sign_with is SignWith.PUBLIC_KEY or wechat.pay.switches.public_key_only
    return wechat.pay.keys.public_key_id if public_key else wechat.pay.platform.newest_serial


def new_notification(
    wechat: OfflineWeChat, event_type: str, original_type: str, url: str, content: dict[str, Any]
) -> Notification:
    """A notification of now, which is queued nowhere yet."""
    now = wechat.clock.now()
    return Notification(new_id(wechat), event_type, original_type, url, content, created_at=now, due_at=now)


def _queue(wechat: OfflineWeChat, notification: Notification) -> None:
    notification.done = wechat.faults.notifications is NotificationMode.DROP
    wechat.state.notifications[notification.id] = notification
    wechat.pay.wake()


def _untried_of_the_same_order(wechat: OfflineWeChat, notification: Notification) -> list[Notification]:
    number = notification.resource.get("out_trade_no")
    waiting = (each for each in wechat.state.notifications.values() if not each.done and not each.attempts)
    return [each for each in waiting if each is not notification and each.resource.get("out_trade_no") == number]
