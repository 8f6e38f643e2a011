"""WeChat Pay as calls: exact bytes out, signed; a verified answer in, or a named error; one log line each."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from wechat.admission import admitted
from wechat.api import level_of
from wechat.breaker import Breaker, State
from wechat.bulkhead import Bulkhead
from wechat.errors import BrokenOff, Misconfigured, TimedOut, Unreachable, Unreadable, WeChatError
from wechat.http import Answer, checked_address, exchange
from wechat.pay.codes import code_of, error_for
from wechat.pay.hosts import Hosts
from wechat.pay.signing import Signer
from wechat.retries import RetryBudget
from wechat.strict_json import parse_object

T = TypeVar("T")

PRODUCTION_URL = "https://api.mch.weixin.qq.com"
BACKUP_URL = "https://api2.mch.weixin.qq.com"
USER_AGENT = "AppletQL (WeChat Pay API v3)"
_ADDRESS_ADVICE = "Look at APPLETQL_PAY_API_URL: it must be an http or https address with a host and nothing after it."
# Shares of the deadline.
_SHARE_OF_FIRST_HOST = 0.4
_SHARE_OF_FIRST_READ = 0.6
_LONGEST_PAUSE = 0.1
_LEAST_SHARE_OF_SECOND = 0.2
_RID = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)
_SUCCESS, _SERVER_ERRORS = range(200, 300), range(500, 600)
_OK, _ACCEPTED, _NO_CONTENT = 200, 202, 204

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One call. `path` is the template that errors and logs show; `target` is what is sent, percent-encoded."""

    method: str
    path: str
    target: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing, so that it may be sent any number of times."""
        return self.method == "GET"


@dataclass
class _Note:
    rid: str | None = None


class Wire:
    """WeChat Pay at one address, or two. `deadline` is in seconds and covers a whole call, both hosts included.

    A call is sent once, and once more, signed anew, where that is safe and the retry budget has a retry left: to the
    other address where no connection could be had, and a read (GET) also after no whole answer and after HTTP 5xx. At
    most 20 calls are under way at once; the time in the queue for one does not count as its own. Raises Misconfigured
    when an address is no plain http or https address.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        signer: Signer,
        *,
        address: str = PRODUCTION_URL,
        backup_address: str | None = None,
        public_key_id: str | None = None,
        deadline: float = 2.5,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        breaker: Breaker | None = None,
    ) -> None:
        self.breaker = breaker or Breaker("WeChat Pay", monotonic=monotonic)
        self._http = http
        self._signer = signer
        backup = None if backup_address is None else _checked(backup_address)
        self._hosts = Hosts(_checked(address), backup, monotonic=monotonic)
        self._budget = RetryBudget(monotonic=monotonic)
        self._uniform = uniform
        self._headers = {"accept": "application/json", "accept-encoding": "identity", "accept-language": "zh-CN"}
        self._headers |= {"user-agent": USER_AGENT} | ({"wechatpay-serial": public_key_id} if public_key_id else {})
        self._deadline = deadline
        self._monotonic = monotonic
        self._bulkhead = Bulkhead()

    async def call(self, call: Call, verify: Callable[[Answer], None], read: Callable[[Answer], T]) -> T:
        """What `read` makes of the verified answer.

        `verify` raises Unverified and is asked for each 2xx; the others carry no signature. Raises an Unavailable
        where the outcome is unknown, a PayRefused where it is a refusal.
        """
        with self._noted(call.path) as note:
            async with admitted(self.breaker, self._bulkhead, call.path):
                answer = await self._exchange(call)
                note.rid = rid_of(answer)
                check(call.path, answer, verify)
                return read(answer)

    async def _exchange(self, call: Call) -> Answer:
        self._budget.count_call()
        try:
            async with asyncio.timeout(self._deadline) as limit:
                return await self._at_most_twice(call, limit)
        except TimeoutError:
            failure = TimedOut(call.path, f"{self._deadline:g} s")
        raise failure

    async def _at_most_twice(self, call: Call, limit: asyncio.Timeout) -> Answer:
        address, other = self._hosts.in_order()
        first: Answer | WeChatError
        try:
            first = await self._send(call, address, self._time_of_first(call))
        except (Unreachable, TimedOut, BrokenOff) as error:
            first = error
        if self._deserves_another(call, first, other) and await self._pause(limit) and self._budget.take():
            _log.warning("WeChat Pay %s is tried once more", call.path)
            return await self._send(call, other or address, self._deadline)
        if isinstance(first, Answer):
            return first
        raise first

    def _deserves_another(self, call: Call, first: Answer | WeChatError, other: str | None) -> bool:
        """Whether a second request is safe, and of use: the probe of a breaker is one request, wherever it arrives."""
        if isinstance(first, Unreachable):
            return other is not None and self.breaker.state is not State.OPEN
        failed = first.status in _SERVER_ERRORS if isinstance(first, Answer) else True
        return failed and call.is_read and self.breaker.state is State.CLOSED

    async def _pause(self, limit: asyncio.Timeout) -> bool:
        """Wait at random, so that those who failed together do not return together; False where the time is short."""
        if self._budget.is_empty:
            return False
        await asyncio.sleep(self._uniform(0.0, _LONGEST_PAUSE * self._deadline))
        left = (limit.when() or 0.0) - asyncio.get_running_loop().time()
        return left >= _LEAST_SHARE_OF_SECOND * self._deadline

    def _time_of_first(self, call: Call) -> float:
        """A read that may be sent again leaves time for that."""
        share = _SHARE_OF_FIRST_READ if call.is_read and not self._budget.is_empty else 1
        return self._deadline * share

    async def _send(self, call: Call, address: str, deadline: float) -> Answer:
        has_body = {} if call.body is None else {"content-type": "application/json"}
        request = self._http.build_request(
            call.method,
            address + call.target,
            content=call.body,
            headers=self._headers | has_body,
            timeout=self._timeout(),
        )
        await self._signer.sign_request(request)
        answer = await exchange(self._http, request, call.path, deadline=deadline)
        self._hosts.answered(address)
        return answer

    def _timeout(self) -> httpx.Timeout:
        """The client's own, but with a backup host the first must leave it time to be reached."""
        given = self._http.timeout
        share = self._deadline * (1 if self._hosts.are_one else _SHARE_OF_FIRST_HOST)
        connect = share if given.connect is None else min(given.connect, share)
        return httpx.Timeout(connect=connect, read=given.read, write=given.write, pool=given.pool)

    @contextmanager
    def _noted(self, path: str) -> Iterator[_Note]:
        started = self._monotonic()
        note = _Note()
        outcome, level, code = "unfinished", logging.WARNING, None
        try:
            yield note
            outcome, level = "answered", logging.DEBUG
        except WeChatError as error:
            outcome, level, code = type(error).__name__, level_of(error), error.code
            raise
        finally:
            milliseconds = round((self._monotonic() - started) * 1000)
            _log.log(level, "WeChat Pay %s %s code=%s rid=%s ms=%d", path, outcome, code, note.rid, milliseconds)


def check(path: str, answer: Answer, verify: Callable[[Answer], None]) -> None:
    """Return where the answer is a success; raises Unverified by `verify`, or the error that it is.

    An error may come with 2xx, as an object with a `code`; it is verified all the same.
    """
    if answer.status in _SUCCESS:
        verify(answer)
    content = parse_object(answer.body)
    is_envelope = content is not None and isinstance(content.get("code"), str) and content["code"] != ""
    if answer.status not in _SUCCESS or answer.status == _ACCEPTED or is_envelope:
        raise error_for(path, answer.status, code_of(content), rid_of(answer))


def content_of(path: str, answer: Answer) -> dict[str, Any]:
    """The JSON object of a success; raises Unreadable."""
    content = parse_object(answer.body) if answer.status == _OK else None
    if content is None:
        raise Unreadable(path, "no JSON object", status=answer.status, rid=rid_of(answer))
    return content


def expect_nothing(path: str, answer: Answer) -> None:
    """Return where a success says nothing more; raises Unreadable for one that is not documented."""
    if answer.status not in (_OK, _NO_CONTENT):
        raise Unreadable(path, status=answer.status, rid=rid_of(answer))


def rid_of(answer: Answer) -> str | None:
    """WeChat's id of the request, where it has the form of one."""
    rid = answer.headers.get("request-id", "")
    return rid if _RID.fullmatch(rid) else None


def _checked(address: str) -> str:
    try:
        return checked_address(address)
    except Misconfigured:
        failure = Misconfigured("/v3", "no usable address", advice=_ADDRESS_ADVICE)
    raise failure
