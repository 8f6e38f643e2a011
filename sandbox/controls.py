"""What every call of the remote control is made of: JSON in, JSON out, and the person or app that it is about."""

import inspect
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.bodies import Refused, read_object, read_text
from sandbox.offline_wechat import OfflineWeChat
from sandbox.state import User

PREFIX = "/_sandbox"
Handler = Callable[[OfflineWeChat, dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Control:
    """One call of the remote control; `summary` is its line on the front page. What waits is a coroutine function."""

    method: str
    path: str
    handle: Handler
    summary: str


class ControlPath:
    """The request handler of one control: JSON in, JSON out, `{"error": …}` for what is refused.

    Any page that a developer visits can have its browser send requests here: those of foreign pages are refused. A
    client that is no browser sends no Origin, and may do everything.
    """

    def __init__(self, wechat: OfflineWeChat, control: Control) -> None:
        self._wechat = wechat
        self._control = control

    async def answer(self, request: Request) -> Response:
        """Do it, or say why not: 400 for a bad body, 403 for a foreign page, 404 for an unknown openid."""
        try:
            _refuse_foreign_page(request)
            body = read_object(await request.body()) if request.method != "GET" else {}
            content = self._control.handle(self._wechat, body)
            if inspect.isawaitable(content):
                content = await content
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status)
        if request.method != "GET":
            self._wechat.changed()
        return JSONResponse(content)


def _refuse_foreign_page(request: Request) -> None:
    """Raises Refused for what a page sent that is neither this sandbox's nor of this machine."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    origins = request.headers.getlist("origin")
    is_foreign = any(origin != own and not _is_loopback(origin) for origin in origins)
    if is_foreign or (not origins and request.headers.get("sec-fetch-site") == "cross-site"):
        raise Refused("a page of another site may not drive the sandbox", HTTPStatus.FORBIDDEN)


def _is_loopback(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_user(wechat: OfflineWeChat, body: dict[str, Any]) -> User:
    """The person whom the body names by `openid`. Raises Refused."""
    openid = read_text(body, "openid")
    if openid is None:
        raise Refused("the body needs openid")
    user = wechat.people.find(openid)
    if user is None:
        raise Refused("there is no user with this openid", 404)
    if body.get("appid", user.appid) != user.appid:
        raise Refused("this openid is one of another app")
    return user


def read_appid(wechat: OfflineWeChat, body: dict[str, Any]) -> str:
    """The app that the body names by `appid`; without that, the first one. Raises Refused."""
    appid = read_text(body, "appid")
    if appid is None:
        return next(iter(wechat.apps))
    if appid not in wechat.apps:
        raise Refused(f"appid is none of: {', '.join(wechat.apps)}")
    return appid
