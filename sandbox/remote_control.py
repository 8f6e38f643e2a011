"""The remote control: what a test, a developer or the phone page orders from the sandbox, over JSON."""

from typing import Any

from sandbox.bodies import Refused, read_number, read_only
from sandbox.controls import PREFIX, Control, find_user, read_appid
from sandbox.faults import NotificationMode
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.bills import BILL_CONTROLS
from sandbox.pay.controls import PAY_CONTROLS
from sandbox.pay.notice_controls import NOTICE_CONTROLS
from sandbox.pay.state_json import pay_state_json
from sandbox.people import OneOpenidPerApp
from sandbox.profiles import PROFILE, read_profile, user_json
from sandbox.wx_api import WX_API


def make_user(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A new person, or with `openid` a changed one."""
    read_only(body, ("openid", "appid", *PROFILE))
    profile, appid = read_profile(body), read_appid(wechat, body)
    try:
        if "openid" in body:
            return user_json(wechat.people.update(find_user(wechat, body), profile))
        return user_json(wechat.people.create(appid, profile))
    except OneOpenidPerApp:
        raise Refused("another openid of this app has this unionid") from None


def rotate_session_key(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """What data pre-fetch may do at any time: the phone has a new session_key and the server the old one."""
    read_only(body, ("openid",))
    user = find_user(wechat, body)
    wechat.people.rotate(user)
    return {"openid": user.openid}


def set_faults(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Order faults in place of all that were ordered before."""
    wechat.faults.replace(body, wechat.endpoints)
    return wechat.faults.to_json()


def move_clock(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Let codes, tokens, orders and refunds age by `advance` seconds; real time, and so `Date`, stays."""
    read_only(body, ("advance",))
    seconds = read_number(body, "advance")
    if seconds is None:
        raise Refused("the body needs advance, in seconds")
    try:
        wechat.clock.advance(seconds)
    except ValueError as error:
        raise Refused(str(error)) from None
    wechat.pay.wake()
    return {"offset": wechat.clock.offset}


def show_clock(wechat: OfflineWeChat, _body: dict[str, Any]) -> dict[str, Any]:
    """The offset in seconds."""
    return {"offset": wechat.clock.offset}


def show_state(wechat: OfflineWeChat, _body: dict[str, Any]) -> dict[str, Any]:
    """Everything that a test may want to see; no session_key, no token, no code."""
    return {
        "users": [user_json(user) for user in wechat.state.users.values()],
        **pay_state_json(wechat),
        "calls": {path: wechat.state.calls[path] for path in wechat.endpoints},
        "faults": wechat.faults.to_json(),
        "offset": wechat.clock.offset,
    }


def reset(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A clean sandbox."""
    read_only(body, ())
    wechat.reset()
    return {}


CONTROLS = (
    Control("POST", f"{PREFIX}/users", make_user, f"{{openid?, appid?, {'?, '.join(PROFILE)}?}}"),
    *WX_API,
    *PAY_CONTROLS,
    *NOTICE_CONTROLS,
    *BILL_CONTROLS,
    Control("POST", f"{PREFIX}/session-key/rotate", rotate_session_key, "{openid}"),
    Control(
        "PUT",
        f"{PREFIX}/faults",
        set_faults,
        f"{{faults: [{{path, fault, times?}}], notifications?: {' | '.join(NotificationMode)}}}",
    ),
    Control("POST", f"{PREFIX}/clock", move_clock, "{advance: seconds} → {offset: seconds}"),
    Control("GET", f"{PREFIX}/clock", show_clock, "→ {offset: seconds}"),
    Control("GET", f"{PREFIX}/state", show_state, "users, orders, refunds, notifications, calls by path, faults"),
    Control("POST", f"{PREFIX}/reset", reset, "a clean sandbox"),
)
