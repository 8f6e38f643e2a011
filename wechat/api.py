"""api.weixin.qq.com as calls: parameters or JSON in, a JSON object out, one log line each."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from wechat.answers import read_object
from wechat.bulkhead import Bulkhead
from wechat.errors import CallerBug, WeChatError
from wechat.http import Answer, checked_address, exchange

PRODUCTION_URL = "https://api.weixin.qq.com"

_log = logging.getLogger(__name__)


class Api:
    """WeChat at one address. `deadline` is in seconds and covers a whole exchange; nothing is ever sent twice.

    A bounded number of exchanges is under way at once; the time in the queue for one does not count as its own.

    Raises Misconfigured when `address` is no plain http or https address.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        address: str = PRODUCTION_URL,
        *,
        deadline: float = 2.5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._address = checked_address(address)
        self._deadline = deadline
        self._monotonic = monotonic
        self._bulkhead = Bulkhead()

    async def get(self, path: str, params: Mapping[str, str], *, sends_secret: bool = False) -> dict[str, Any]:
        """Call by GET; raises a WeChatError. `sends_secret` is true where the AppSecret is among the parameters."""
        return await self._call("GET", path, params, None, sends_secret=sends_secret)

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        params: Mapping[str, str] | None = None,
        *,
        sends_secret: bool = False,
    ) -> dict[str, Any]:
        """Call by POST with a JSON body; raises a WeChatError. `sends_secret` as in `get`."""
        return await self._call("POST", path, params or {}, body, sends_secret=sends_secret)

    async def reach(self) -> Answer:
        """Whatever WeChat answers to a GET of the bare address; raises Unavailable."""
        with self._noted("/"):
            return await self._exchange(self._request("GET", "/", {}, None), "/")

    async def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, object] | None,
        *,
        sends_secret: bool,
    ) -> dict[str, Any]:
        with self._noted(path):
            request = self._request(method, path, params, body)
            answer = await self._exchange(request, path)
            return read_object(path, answer, sends_secret=sends_secret)

    async def _exchange(self, request: httpx.Request, path: str) -> Answer:
        async with self._bulkhead.slot(path):
            return await exchange(self._client, request, path, deadline=self._deadline)

    def _request(
        self, method: str, path: str, params: Mapping[str, str], body: Mapping[str, object] | None
    ) -> httpx.Request:
        try:
            return self._client.build_request(
                method,
                self._address + path,
                params=params,
                content=None if body is None else encode_json(body),
                headers=None if body is None else {"content-type": "application/json"},
            )
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            reason = type(error).__name__
        raise CallerBug(path, f"{reason} before sending")

    @contextmanager
    def _noted(self, path: str) -> Iterator[None]:
        started = self._monotonic()
        outcome = "unfinished"
        errcode, rid = None, None
        try:
            yield
            outcome = "answered"
        except WeChatError as error:
            outcome, errcode, rid = type(error).__name__, error.errcode, error.rid
            raise
        finally:
            level = logging.DEBUG if outcome == "answered" else logging.WARNING
            milliseconds = round((self._monotonic() - started) * 1000)
            _log.log(level, "WeChat %s %s errcode=%s rid=%s ms=%d", path, outcome, errcode, rid, milliseconds)


def encode_json(content: Mapping[str, object]) -> bytes:
    """The bytes to send, in real UTF-8: WeChat's content check lets escaped characters pass unread."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
