"""WeChat as one object, made once by the process."""

import random
import time
from collections.abc import Callable

import httpx

from domain.clock import Clock, wire_clock
from wechat.access_token import AccessTokens
from wechat.api import PRODUCTION_URL, Api
from wechat.apps import App
from wechat.breaker import Breaker
from wechat.business import BusinessApi
from wechat.checks import check_credentials, clock_skew
from wechat.content_check import ContentCheck
from wechat.login import Login
from wechat.mini_program_code import MiniProgramCodes
from wechat.phone import Phone


class WeChat:
    """Every call to api.weixin.qq.com, by family. The client stays its opener's to close, after `aclose`.

    `deadline` is in seconds, for each call; `monotonic`, `uniform`, `clock` (wire time) and `breaker` are there to be
    replaced.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        address: str = PRODUCTION_URL,
        *,
        deadline: float = 2.5,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        clock: Clock = wire_clock,
        breaker: Breaker | None = None,
    ) -> None:
        self._api = Api(client, address, deadline=deadline, monotonic=monotonic, breaker=breaker)
        self._clock = clock
        self.access_tokens = AccessTokens(self._api, monotonic=monotonic, uniform=uniform)
        self.business = BusinessApi(self._api, self.access_tokens)
        self.login = Login(self._api, self.business)
        self.phone = Phone(self.business)
        self.content = ContentCheck(self.business)
        self.codes = MiniProgramCodes(self.business)

    @property
    def breaker(self) -> Breaker:
        """Whether calls go out at present: its `state`."""
        return self._api.breaker

    async def clock_skew(self) -> float:
        """Seconds by which this server's clock is ahead of WeChat's; raises Unavailable."""
        return await clock_skew(self._api, self._clock)

    async def check_credentials(self, app: App) -> None:
        """Ask WeChat for an access_token, past the cache; raises a WeChatError, Misconfigured with its advice."""
        await check_credentials(self._api, app)

    async def aclose(self) -> None:
        """Let the fetches under way end; nothing new is fetched afterwards."""
        await self.access_tokens.aclose()
