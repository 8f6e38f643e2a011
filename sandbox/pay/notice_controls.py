"""The remote control of notifications: wait until all are delivered, and send one with any content."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.bodies import Refused, read_choice, read_number, read_only, read_text
from sandbox.controls import PREFIX, Control
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.notice_messages import Seal, compose
from sandbox.pay.notices import PAYMENT, REFUND, SignWith, new_notification, serial_of
from sandbox.pay.rows import NotificationAttempt

if TYPE_CHECKING:
    from sandbox.pay.sending import Sender

_LONGEST_WAIT = 600.0


async def wait_until_idle(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Answered once nothing is due or under way, at the latest after so many seconds of real time."""
    read_only(body, ("seconds",))
    seconds = read_number(body, "seconds")
    if seconds is not None and not 0 <= seconds <= _LONGEST_WAIT:
        raise Refused(f"seconds is from 0 to {_LONGEST_WAIT:.0f}")
    return {"idle": await _sender(wechat).wait_idle(10.0 if seconds is None else seconds)}


async def send_notification(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """One notification, signed and sealed as WeChat's are, sent once; it is listed with the others."""
    read_only(body, ("eventType", "resource", "url", "signWith", "associatedData"))
    event_type = read_text(body, "eventType", longest=64) or "TRANSACTION.SUCCESS"
    associated_data = read_text(body, "associatedData", longest=64)
    sign_with = read_choice(body, "signWith", SignWith, SignWith.PUBLIC_KEY)
    resource = _read_resource(body)
    original_type = REFUND if event_type.startswith("REFUND.") else PAYMENT
    sender, url = _sender(wechat), _read_url(wechat, body, resource)
    notification = new_notification(wechat, event_type, original_type, url, resource)
    notification.done = True
    wechat.state.notifications[notification.id] = notification
    seal = Seal(serial_of(wechat, sign_with), associated_data=associated_data)
    reply = await sender.post(url, compose(wechat, notification, seal))
    notification.attempts.append(NotificationAttempt(notification.created_at, reply.status, reply.error))
    answer = {"status": reply.status, "body": reply.body.decode(errors="replace")}
    return answer if reply.error is None else {**answer, "error": reply.error}


def _sender(wechat: OfflineWeChat) -> "Sender":
    if wechat.pay.sender is None:
        raise Refused("this sandbox does not send", HTTPStatus.SERVICE_UNAVAILABLE)
    return wechat.pay.sender


def _read_resource(body: dict[str, Any]) -> dict[str, Any]:
    resource = body.get("resource")
    if not isinstance(resource, dict):
        raise Refused("the body needs resource, an object")
    try:
        json.dumps(resource, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refused("the body: resource cannot be written as JSON in UTF-8") from None
    return resource


def _read_url(wechat: OfflineWeChat, body: dict[str, Any], resource: dict[str, Any]) -> str:
    url, number = read_text(body, "url"), resource.get("out_trade_no")
    if url is None:
        order = wechat.state.orders.get(number) if isinstance(number, str) else None
        if order is None:
            raise Refused("the body needs url, as resource.out_trade_no names no order of this sandbox")
        return order.notify_url
    if not url.startswith(("http://", "https://")):
        raise Refused("the body: url does not begin with http:// or https://")
    return url


NOTICE_CONTROLS = (
    Control("POST", f"{PREFIX}/notifications/wait", wait_until_idle, "{seconds?: 10} → {idle}: whether all are out"),
    Control(
        "POST",
        f"{PREFIX}/notifications",
        send_notification,
        '{resource: {…}, eventType?, url?, signWith?: "public-key" | "certificate", associatedData?} → {status, body}',
    ),
)
