"""The remote control: what a test, a developer or the phone page orders from the sandbox, over JSON.

The paths under `wx/` answer what the mini program's own API would answer on the phone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.bodies import Refused, read_flag, read_integer, read_number, read_object, read_only, read_text
from sandbox.offline_wechat import OfflineWeChat
from sandbox.people import OneOpenidPerApp
from sandbox.state import User

_GENDERS = range(3)
_PHONE = re.compile(r"\+?[0-9]{5,19}")
_PROFILE = ("nickname", "avatarUrl", "gender", "phone", "unionid", "blocked")
_Handler = Callable[[OfflineWeChat, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Control:
    """One call of the remote control; `summary` is its line on the front page."""

    method: str
    path: str
    handle: _Handler
    summary: str


class ControlPath:
    """The request handler of one control: JSON in, JSON out, `{"error": …}` for what is refused."""

    def __init__(self, wechat: OfflineWeChat, control: Control) -> None:
        self._wechat = wechat
        self._control = control

    async def answer(self, request: Request) -> Response:
        """Do it, or say why not: 400 for a bad body, 404 for an unknown openid."""
        try:
            body = read_object(await request.body()) if request.method != "GET" else {}
            content = self._control.handle(self._wechat, body)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status)
        if request.method != "GET":
            self._wechat.changed()
        return JSONResponse(content)


def make_user(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A new person, or with `openid` a changed one."""
    read_only(body, ("openid", "appid", *_PROFILE))
    profile, appid = _read_profile(body), _read_appid(wechat, body)
    try:
        if "openid" in body:
            return _user_json(wechat.people.update(_find(wechat, body), profile))
        return _user_json(wechat.people.create(appid, profile))
    except OneOpenidPerApp:
        raise Refused("another openid of this app has this unionid") from None


def login(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.login: https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.login.html."""
    read_only(body, ("openid", "appid"))
    appid = _read_appid(wechat, body)
    user = _find(wechat, body) if "openid" in body else wechat.people.create(appid, {})
    return {"code": wechat.login_codes.issue(user), "errMsg": "login:ok", "openid": user.openid}


def check_session(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.checkSession: https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.checkSession.html."""
    read_only(body, ("openid",))
    alive = wechat.people.check_session(_find(wechat, body))
    return {"errMsg": "checkSession:ok" if alive else "checkSession:fail session time out, need relogin"}


def rotate_session_key(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """What data pre-fetch may do at any time: the phone has a new session_key and the server the old one."""
    read_only(body, ("openid",))
    user = _find(wechat, body)
    wechat.people.rotate(user)
    return {"openid": user.openid}


def set_faults(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Order faults in place of all that were ordered before."""
    wechat.faults.replace(body, wechat.endpoints)
    return wechat.faults.to_json()


def move_clock(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Let codes, tokens and keys age by `advance` seconds; real time, and so `Date`, stays."""
    read_only(body, ("advance",))
    seconds = read_number(body, "advance")
    if seconds is None:
        raise Refused("the body needs advance, in seconds")
    try:
        wechat.clock.advance(seconds)
    except ValueError as error:
        raise Refused(str(error)) from None
    return {"offset": wechat.clock.offset}


def show_clock(wechat: OfflineWeChat, _body: dict[str, Any]) -> dict[str, Any]:
    """The offset in seconds."""
    return {"offset": wechat.clock.offset}


def show_state(wechat: OfflineWeChat, _body: dict[str, Any]) -> dict[str, Any]:
    """Everything that a test may want to see; no session_key, no token, no code."""
    return {
        "users": [_user_json(user) for user in wechat.state.users.values()],
        "orders": [],
        "refunds": [],
        "notifications": [],
        "calls": {path: wechat.state.calls[path] for path in wechat.endpoints},
        "faults": wechat.faults.to_json(),
        "offset": wechat.clock.offset,
    }


def reset(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """A clean sandbox."""
    read_only(body, ())
    wechat.reset()
    return {}


def _find(wechat: OfflineWeChat, body: dict[str, Any]) -> User:
    openid = read_text(body, "openid")
    if openid is None:
        raise Refused("the body needs openid")
    user = wechat.people.find(openid)
    if user is None:
        raise Refused("there is no user with this openid", 404)
    if body.get("appid", user.appid) != user.appid:
        raise Refused("this openid is one of another app")
    return user


def _read_appid(wechat: OfflineWeChat, body: dict[str, Any]) -> str:
    appid = read_text(body, "appid")
    if appid is None:
        return next(iter(wechat.apps))
    if appid not in wechat.apps:
        raise Refused(f"appid is none of: {', '.join(wechat.apps)}")
    return appid


def _read_profile(body: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "nickname": read_text(body, "nickname", longest=64),
        "avatar_url": read_text(body, "avatarUrl"),
        "gender": read_integer(body, "gender", _GENDERS),
        "phone": read_text(body, "phone", longest=20),
        "blocked": read_flag(body, "blocked"),
    }
    if given["phone"] is not None and not _PHONE.fullmatch(given["phone"]):
        raise Refused("the body: phone is not 5 to 19 digits, with or without a leading +")
    profile: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if "unionid" in body:
        # null is a value here: a person without a unionid.
        profile["unionid"] = None if body["unionid"] is None else read_text(body, "unionid", longest=64)
        if profile["unionid"] == "":
            raise Refused("the body: unionid is empty; null means none")
    return profile


def _user_json(user: User) -> dict[str, Any]:
    return {
        "openid": user.openid,
        "appid": user.appid,
        "unionid": user.unionid,
        "nickname": user.nickname,
        "avatarUrl": user.avatar_url,
        "gender": user.gender,
        "phone": user.phone,
        "blocked": user.blocked,
    }


_PREFIX = "/_sandbox"
CONTROLS = (
    Control("POST", f"{_PREFIX}/users", make_user, f"{{openid?, appid?, {'?, '.join(_PROFILE)}?}}"),
    Control("POST", f"{_PREFIX}/wx/login", login, "{openid?, appid?} → {code, errMsg, openid}"),
    Control("POST", f"{_PREFIX}/wx/checkSession", check_session, "{openid} → {errMsg}"),
    Control("POST", f"{_PREFIX}/session-key/rotate", rotate_session_key, "{openid}"),
    Control("PUT", f"{_PREFIX}/faults", set_faults, "{faults: [{path, fault, times?}], notifications?}"),
    Control("POST", f"{_PREFIX}/clock", move_clock, "{advance: seconds} → {offset: seconds}"),
    Control("GET", f"{_PREFIX}/clock", show_clock, "→ {offset: seconds}"),
    Control("GET", f"{_PREFIX}/state", show_state, "users, orders, refunds, notifications, calls by path, faults"),
    Control("POST", f"{_PREFIX}/reset", reset, "a clean sandbox"),
)
