"""api.weixin.qq.com as calls: parameters or JSON in, a JSON object out, one log line each."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx

from wechat.admission import admitted
from wechat.answers import read_object
from wechat.breaker import Breaker
from wechat.bulkhead import Bulkhead
from wechat.errors import CallerBug, CircuitOpen, WeChatError
from wechat.http import Answer, checked_address, exchange

T = TypeVar("T")

LOGIN_PATH = "/sns/jscode2session"
PRODUCTION_URL = "https://api.weixin.qq.com"
_JSON = "application/json"

_log = logging.getLogger(__name__)


class Api:
    """WeChat at one address. `deadline` is in seconds and covers a whole exchange; nothing is ever sent twice.

    A bounded number of exchanges is under way at once; the time in the queue for one does not count as its own. All
    share `breaker`, signing in too: it is one upstream.

    Raises Misconfigured when `address` is no plain http or https address.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        address: str = PRODUCTION_URL,
        *,
        deadline: float = 2.5,
        monotonic: Callable[[], float] = time.monotonic,
        breaker: Breaker | None = None,
    ) -> None:
        self.breaker = breaker or Breaker("WeChat", monotonic=monotonic)
        self._client = client
        self._address = checked_address(address)
        self._deadline = deadline
        self._monotonic = monotonic
        # Signing in has places of its own, so that slow calls of people who are in keep nobody out.
        self._for_login, self._for_the_rest = Bulkhead(), Bulkhead()

    async def get(self, path: str, params: Mapping[str, str], *, sends_secret: bool = False) -> dict[str, Any]:
        """Call by GET; raises a WeChatError. `sends_secret` is true where the AppSecret is among the parameters."""
        return await self._call("GET", path, params, None, partial(read_object, path, sends_secret=sends_secret))

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        params: Mapping[str, str] | None = None,
        *,
        sends_secret: bool = False,
    ) -> dict[str, Any]:
        """Call by POST with a JSON body; raises a WeChatError. `sends_secret` as in `get`."""
        read = partial(read_object, path, sends_secret=sends_secret)
        return await self._call("POST", path, params or {}, body, read)

    async def post_for(
        self,
        path: str,
        body: Mapping[str, object],
        params: Mapping[str, str],
        read: Callable[[Answer], T],
        *,
        accept: str,
    ) -> T:
        """Call by POST with a JSON body, where the answer is more than JSON: `read` makes the result of it.

        `read` raises the WeChatError of an answer that is none; `accept` names the content types that it takes.
        """
        return await self._call("POST", path, params, body, read, accept=accept)

    async def reach(self) -> Answer:
        """Whatever WeChat answers to a GET of the bare address; raises Unavailable."""
        return await self._call("GET", "/", {}, None, lambda answer: answer)

    async def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, object] | None,
        read: Callable[[Answer], T],
        *,
        accept: str = _JSON,
    ) -> T:
        with self._noted(path):
            request = self._request(method, path, params, body, accept)
            places = self._for_login if path == LOGIN_PATH else self._for_the_rest
            async with admitted(self.breaker, places, path):
                return read(await exchange(self._client, request, path, deadline=self._deadline))

    def _request(
        self, method: str, path: str, params: Mapping[str, str], body: Mapping[str, object] | None, accept: str
    ) -> httpx.Request:
        try:
            return self._client.build_request(
                method,
                self._address + path,
                params=params,
                content=None if body is None else encode_json(body),
                headers={"accept": accept} | ({} if body is None else {"content-type": _JSON}),
            )
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            reason = type(error).__name__
        raise CallerBug(path, f"{reason} before sending")

    @contextmanager
    def _noted(self, path: str) -> Iterator[None]:
        started = self._monotonic()
        outcome, level = "unfinished", logging.WARNING
        errcode, rid = None, None
        try:
            yield
            outcome, level = "answered", logging.DEBUG
        except WeChatError as error:
            outcome, errcode, rid = type(error).__name__, error.errcode, error.rid
            level = level_of(error)
            raise
        finally:
            milliseconds = round((self._monotonic() - started) * 1000)
            _log.log(level, "WeChat %s %s errcode=%s rid=%s ms=%d", path, outcome, errcode, rid, milliseconds)


def level_of(error: WeChatError) -> int:
    """How loud a failed call is: of an open circuit one line was written when it opened."""
    return logging.DEBUG if isinstance(error, CircuitOpen) else logging.WARNING


def encode_json(content: Mapping[str, object]) -> bytes:
    """The bytes to send, in real UTF-8: WeChat's content check lets escaped characters pass unread."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
