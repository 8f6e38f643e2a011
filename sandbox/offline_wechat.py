"""The offline WeChat as one object: its apps, clock, people, codes, tokens, limits, payments and faults."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from sandbox.apps import DEFAULT_APPS, App, by_appid
from sandbox.clock import Clock
from sandbox.faults import FaultBoard
from sandbox.login_codes import LoginCodes
from sandbox.mint import Mint
from sandbox.pay.wechat_pay import WeChatPay
from sandbox.people import People, SessionKeys
from sandbox.phone_codes import PhoneCodes
from sandbox.quota import MinuteQuota
from sandbox.state import State
from sandbox.tokens import Tokens

if TYPE_CHECKING:
    from sandbox.endpoints import Endpoint

_CONTENT_CHECKS_PER_MINUTE = 4000


class OfflineWeChat:
    """Everything that a path needs. `changed` is called after each call that may have changed the state.

    `real_time` gives seconds since 1970; `randomness` is the source of every random value, `random.SystemRandom()`
    where none is given. Raises ValueError for apps that `by_appid` refuses.
    """

    def __init__(
        self,
        apps: Iterable[App] = DEFAULT_APPS,
        *,
        real_time: Callable[[], float] = time.time,
        randomness: random.Random | None = None,
        session_keys: SessionKeys | None = None,
    ) -> None:
        self.apps = by_appid(apps)
        self.state = State()
        self.clock = Clock(self.state, real_time)
        self.mint = Mint(randomness if randomness is not None else random.SystemRandom())
        self.people = People(self.state, self.clock, self.mint, session_keys or SessionKeys())
        self.login_codes = LoginCodes(self.state, self.clock, self.mint, self.people)
        self.phone_codes = PhoneCodes(self.state, self.clock, self.mint)
        self.content_checks = MinuteQuota(self.clock, _CONTENT_CHECKS_PER_MINUTE)
        """How many texts an app may have checked."""
        self.tokens = Tokens(self.state, self.clock, self.mint)
        self.pay = WeChatPay(self.state, self.clock, self._tell_of_change)
        self.faults = FaultBoard()
        self.endpoints: Mapping[str, Endpoint] = {}
        """The paths that answer, published by the application: faults are ordered for these."""
        self.changed: Callable[[], None] = lambda: None
        self.closing = asyncio.Event()
        """Set when the server stops: answers that are being held back are given up."""

    def reset(self) -> None:
        """A clean sandbox: no people, tokens, orders, faults or counts, time as it really is; the same keys."""
        self.state.clear()
        self.login_codes.clear()
        self.content_checks.clear()
        self.pay.clear()
        self.faults.clear()

    def _tell_of_change(self) -> None:
        self.changed()
