"""WeChat as a script for httpx.MockTransport: answers by path, in order, and every request remembered."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx

from wechat.access_token import PATH as STABLE_TOKEN
from wechat.apps import App
from wechat.client import WeChat
from wechat.http import new_http_client

SECRET = "5ec7e75ec7e75ec7e75ec7e75ec7e7aa"
TOKEN = "89_ToKeN-one_ToKeN-one_ToKeN-one"
SECOND_TOKEN = "90_ToKeN-two_ToKeN-two_ToKeN-two"
OPENID = "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
UNIONID = "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
SESSION_KEY = "tiihtNczf5v6AKRyjwEUhQ=="
NEW_SESSION_KEY = "HyVFkGl5F5OQWJZZaNzBBg=="
CODE = "0a1JsCode0a1JsCode0a1JsCode0a1Js"
PHONE_CODE = "e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"
NUMBER = "13800138000"
CONTENT = "特3456书yuuo莞6543李zxcz蒜7782法fgnv级"
SCENE = "SceneScene-SceneScene-SceneScene"
PRIVATE = (
    *(SECRET, TOKEN, SECOND_TOKEN, OPENID, UNIONID, SESSION_KEY, NEW_SESSION_KEY, CODE),
    *(PHONE_CODE, NUMBER, CONTENT, SCENE),
)
RID = "66a1b2c3-1a2b3c4d-5e6f7a8b"

APP = App(appid="wx4f4bc4dec97d474b", secret=SECRET, name="demo")
ADDRESS = "http://wechat.test"

Reply: TypeAlias = dict[str, Any] | bytes | httpx.Response | Exception | Callable[[], Awaitable["Reply"]]


def refusal(errcode: int) -> dict[str, Any]:
    """A refusal that repeats everything private in errmsg, as a test of what is shown."""
    return {"errcode": errcode, "errmsg": f"refused {' '.join(PRIVATE)} rid: {RID}"}


def token_answer(token: str = TOKEN, expires_in: int = 7200) -> dict[str, Any]:
    return {"access_token": token, "expires_in": expires_in}


class Script:
    """Answers each path's replies in order; the last one stays."""

    def __init__(self, replies: dict[str, list[Reply]]) -> None:
        self._replies: dict[str, list[Reply]] = {STABLE_TOKEN: [token_answer()], **replies}
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        replies = self._replies[request.url.path]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        while callable(reply):
            reply = await reply()
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, httpx.Response):
            return reply
        body = reply if isinstance(reply, bytes) else json.dumps(reply, ensure_ascii=False).encode()
        return httpx.Response(200, content=body, headers={"content-type": "text/plain"})

    def count(self, path: str) -> int:
        return sum(request.url.path == path for request in self.requests)

    def last(self, path: str) -> httpx.Request:
        return [request for request in self.requests if request.url.path == path][-1]


@asynccontextmanager
async def open_wechat(script: Script, **options: Any) -> AsyncIterator[WeChat]:
    """A WeChat over the script, drained and closed at the end."""
    async with new_http_client(transport=httpx.MockTransport(script)) as client:
        wechat = WeChat(client, ADDRESS, **options)
        yield wechat
        await wechat.aclose()


class Ticks:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
