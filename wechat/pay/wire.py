"""WeChat Pay as calls: exact bytes out, signed; a verified answer in, or a named error; one log line each."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from wechat.bulkhead import Bulkhead
from wechat.errors import Misconfigured, TimedOut, Unreachable, Unreadable, WeChatError
from wechat.http import Answer, checked_address, exchange
from wechat.pay.codes import code_of, error_for
from wechat.pay.signing import Signer
from wechat.strict_json import parse_object

T = TypeVar("T")

PRODUCTION_URL = "https://api.mch.weixin.qq.com"
BACKUP_URL = "https://api2.mch.weixin.qq.com"
USER_AGENT = "AppletQL (WeChat Pay API v3)"
_ADDRESS_ADVICE = "Look at APPLETQL_PAY_API_URL: it must be an http or https address with a host and nothing after it."
_SHARE_OF_FIRST_HOST = 0.4
_RID = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)
_SUCCESS = range(200, 300)
_OK, _ACCEPTED, _NO_CONTENT = 200, 202, 204

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One call. `path` is the template that errors and logs show; `target` is what is sent, percent-encoded."""

    method: str
    path: str
    target: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass
class _Note:
    rid: str | None = None


class Wire:
    """WeChat Pay at one address, or two. `deadline` is in seconds and covers a whole call, both hosts included.

    A call is sent once; where no connection could be had, once more to the backup address, signed anew. At most 20
    calls are under way at once; the time in the queue for one does not count as its own. Raises Misconfigured when an
    address is no plain http or https address.
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
    ) -> None:
        self._http = http
        self._signer = signer
        self._addresses = [_checked(it) for it in (address, backup_address) if it is not None]
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
            async with self._bulkhead.slot(call.path):
                answer = await self._exchange(call)
            note.rid = rid_of(answer)
            check(call.path, answer, verify)
            return read(answer)

    async def _exchange(self, call: Call) -> Answer:
        try:
            async with asyncio.timeout(self._deadline):
                return await self._on_some_host(call)
        except TimeoutError:
            failure = TimedOut(call.path, f"{self._deadline:g} s")
        raise failure

    async def _on_some_host(self, call: Call) -> Answer:
        first, *spares = self._addresses
        try:
            return await self._send(call, first)
        except Unreachable:
            if not spares:
                raise
        _log.warning("WeChat Pay %s not reachable, the backup address is tried", call.path)
        return await self._send(call, spares[0])

    async def _send(self, call: Call, address: str) -> Answer:
        has_body = {} if call.body is None else {"content-type": "application/json"}
        request = self._http.build_request(
            call.method,
            address + call.target,
            content=call.body,
            headers=self._headers | has_body,
            timeout=self._timeout(),
        )
        await self._signer.sign_request(request)
        return await exchange(self._http, request, call.path, deadline=self._deadline)

    def _timeout(self) -> httpx.Timeout:
        """The client's own, but with a backup host the first must leave it time to be reached."""
        given = self._http.timeout
        share = self._deadline * (1 if len(self._addresses) == 1 else _SHARE_OF_FIRST_HOST)
        connect = share if given.connect is None else min(given.connect, share)
        return httpx.Timeout(connect=connect, read=given.read, write=given.write, pool=given.pool)

    @contextmanager
    def _noted(self, path: str) -> Iterator[_Note]:
        started = self._monotonic()
        note = _Note()
        outcome, code = "unfinished", None
        try:
            yield note
            outcome = "answered"
        except WeChatError as error:
            outcome, code = type(error).__name__, error.code
            raise
        finally:
            level = logging.DEBUG if outcome == "answered" else logging.WARNING
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
