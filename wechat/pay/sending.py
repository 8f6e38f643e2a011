"""One call to WeChat Pay as one signed request, or two where the second is safe, within one deadline."""

import asyncio
import logging
from dataclasses import dataclass, field

import httpx

from wechat.breaker import Breaker, State
from wechat.errors import BrokenOff, TimedOut, Unreachable, WeChatError
from wechat.http import Answer, exchange
from wechat.pay.hosts import Hosts
from wechat.pay.signing import Signer
from wechat.retries import RetryBudget

USER_AGENT = "AppletQL (WeChat Pay API v3)"
# Shares of the deadline.
_FIRST_HOST_CONNECTS = 0.4
_FIRST_READ = 0.6
_LONGEST_PAUSE = 0.1
_SHORTEST_SECOND = 0.2
_SERVER_ERRORS = range(500, 600)

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


class Sender:
    """WeChat Pay at `hosts`. `deadline` is in seconds and covers a whole call, pause and both requests.

    A call is sent once; once more, with the same bytes signed anew, where that is safe and `budget` grants it: to the
    other address where no connection could be had, and a read also after no whole answer or HTTP 5xx. `breaker` is only
    asked.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        signer: Signer,
        breaker: Breaker,
        hosts: Hosts,
        budget: RetryBudget,
        *,
        public_key_id: str | None,
        deadline: float,
    ) -> None:
        self._http = http
        self._signer = signer
        self._breaker = breaker
        self._hosts = hosts
        self._budget = budget
        self._headers = {"accept": "application/json", "accept-encoding": "identity", "accept-language": "zh-CN"}
        self._headers |= {"user-agent": USER_AGENT} | ({"wechatpay-serial": public_key_id} if public_key_id else {})
        self._deadline = deadline

    async def exchange(self, call: Call) -> Answer:
        """The whole answer, whatever its status; raises an Unavailable."""
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
            what = f"HTTP {first.status}" if isinstance(first, Answer) else type(first).__name__
            _log.warning("WeChat Pay %s is tried once more after %s", call.path, what)
            return await self._send(call, other or address, self._deadline)
        if isinstance(first, Answer):
            return first
        raise first

    def _deserves_another(self, call: Call, first: Answer | WeChatError, other: str | None) -> bool:
        """Whether a second request is safe, and the breaker would have it: a probe that arrives is one request."""
        if isinstance(first, Unreachable) and other is not None:
            return self._breaker.state is not State.OPEN
        if not call.is_read or isinstance(first, Unreachable) or self._breaker.state is not State.CLOSED:
            return False
        return not isinstance(first, Answer) or first.status in _SERVER_ERRORS

    async def _pause(self, limit: asyncio.Timeout) -> bool:
        """Wait a little; False where no retry would be granted, or the time is short."""
        if self._budget.is_empty:
            return False
        await asyncio.sleep(self._budget.pause(_LONGEST_PAUSE * self._deadline))
        left = (limit.when() or 0.0) - asyncio.get_running_loop().time()
        return left >= _SHORTEST_SECOND * self._deadline

    def _time_of_first(self, call: Call) -> float:
        """Seconds; a read that may be sent again leaves time for that."""
        return self._deadline * (_FIRST_READ if call.is_read and not self._budget.is_empty else 1)

    async def _send(self, call: Call, address: str, seconds: float) -> Answer:
        has_body = {} if call.body is None else {"content-type": "application/json"}
        request = self._http.build_request(
            call.method,
            address + call.target,
            content=call.body,
            headers=self._headers | has_body,
            timeout=self._timeout(),
        )
        await self._signer.sign_request(request)
        answer = await exchange(self._http, request, call.path, deadline=seconds)
        self._hosts.answered(address)
        return answer

    def _timeout(self) -> httpx.Timeout:
        """The client's own, but with a backup host the first must leave it time to be reached."""
        given = self._http.timeout
        share = self._deadline * (1 if self._hosts.are_one else _FIRST_HOST_CONNECTS)
        connect = share if given.connect is None else min(given.connect, share)
        return httpx.Timeout(connect=connect, read=given.read, write=given.write, pool=given.pool)
