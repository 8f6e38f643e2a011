"""One access_token per app and process, from WeChat's stable_token: asked for once, and again before it ends.

Follows "getStableAccessToken". In its normal mode several processes get the same token, so that no store is shared;
`force_refresh` stays false, since it takes the token away from every other process and works 20 times a day.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from wechat.answers import required_number, required_text
from wechat.api import Api
from wechat.apps import App
from wechat.errors import CircuitOpen, RateLimited, Unavailable, WeChatError

PATH = "/cgi-bin/stable_token"
_LONGEST_TOKEN = 4096
_LONGEST_LIFE = 7200
_EARLIEST, _LATEST = 600.0, 300.0  # seconds before the end at which a token is renewed
_PAUSE_AFTER_UNAVAILABLE = 1.0
_PAUSE_AFTER_REFUSAL = 10.0

_log = logging.getLogger(__name__)


async def fetch_access_token(api: Api, app: App) -> tuple[str, int]:
    """A token and the seconds that it lives, at most 7200; one call, nothing cached. Raises a WeChatError."""
    body = {"grant_type": "client_credential", "appid": app.appid, "secret": app.secret, "force_refresh": False}
    content = await api.post(PATH, body, sends_secret=True)
    token = required_text(PATH, content, "access_token", longest=_LONGEST_TOKEN)
    return token, min(required_number(PATH, content, "expires_in"), _LONGEST_LIFE)


@dataclass
class _Slot:
    """What is known of one app's token; times are of the monotonic clock."""

    token: str | None = field(default=None, repr=False)
    renew_at: float = 0.0
    ends_at: float = 0.0
    failure: WeChatError | None = None
    ask_again_at: float = 0.0
    fetch: asyncio.Task[str | WeChatError] | None = None

    def keep(self, token: str, started: float, life: int, margin: float) -> None:
        # Never more than half of the life: a token that WeChat hands out near its end must not be renewed at once.
        self.token, self.failure = token, None
        self.ends_at = started + life
        self.renew_at = self.ends_at - min(margin, life / 2)

    def refuse(self, failure: WeChatError, now: float) -> None:
        # The breaker's word costs no call and ends with the next probe: kept, it would outlast that.
        if isinstance(failure, CircuitOpen):
            return
        short = isinstance(failure, Unavailable) and not isinstance(failure, RateLimited)
        self.failure = failure
        self.ask_again_at = now + (_PAUSE_AFTER_UNAVAILABLE if short else _PAUSE_AFTER_REFUSAL)


class AccessTokens:
    """The tokens of every app. `monotonic` is in seconds; `uniform` picks within two bounds."""

    def __init__(
        self,
        api: Api,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._api = api
        self._monotonic = monotonic
        self._uniform = uniform
        self._slots: dict[str, _Slot] = {}
        self._fetches: set[asyncio.Task[str | WeChatError]] = set()
        self._closed = False

    async def get(self, app: App) -> str:
        """A token that is still good; at most one call to WeChat is under way per app, whoever waits or leaves.

        A token near its end is given out while a new one is fetched beside. Raises the WeChatError of the fetch; for
        10 seconds after a refusal, and 1 second after no answer, the same error without a call.
        """
        slot = self._slots.setdefault(app.appid, _Slot())
        now = self._monotonic()
        if slot.token is not None and now < slot.ends_at:
            if now >= slot.renew_at and self._refusal(slot, now) is None:
                _ = self._fetching(app, slot)
            return slot.token
        outcome: str | WeChatError | None = self._refusal(slot, now)
        if outcome is None:
            outcome = await asyncio.shield(self._fetching(app, slot))
        if isinstance(outcome, WeChatError):
            raise outcome.again()
        return outcome

    def invalidate(self, app: App, token: str) -> None:
        """Forget the token that WeChat refused, unless another one has taken its place."""
        slot = self._slots.get(app.appid)
        if slot is not None and slot.token == token:
            slot.token = None

    def reject(self, app: App, token: str, failure: WeChatError) -> None:
        """Forget a fresh token that WeChat refused as well, and ask for no other for a while: a storm helps nobody."""
        slot = self._slots.get(app.appid)
        if slot is not None and slot.token == token:
            slot.token = None
            slot.refuse(failure, self._monotonic())

    async def aclose(self) -> None:
        """Wait for the fetches under way, each bounded by its deadline; later calls raise Unavailable."""
        self._closed = True
        if self._fetches:
            await asyncio.wait(self._fetches)

    def _refusal(self, slot: _Slot, now: float) -> WeChatError | None:
        if slot.fetch is not None:
            return None
        if self._closed:
            return Unavailable(PATH, "closed")
        return slot.failure if now < slot.ask_again_at else None

    def _fetching(self, app: App, slot: _Slot) -> asyncio.Task[str | WeChatError]:
        if slot.fetch is None:
            slot.fetch = asyncio.create_task(self._fetch(app, slot))
            self._fetches.add(slot.fetch)
            slot.fetch.add_done_callback(partial(self._collect, slot))
        return slot.fetch

    async def _fetch(self, app: App, slot: _Slot) -> str | WeChatError:
        """The outcome, also an error, as a value: several callers may wait for it, or none."""
        started = self._monotonic()
        try:
            token, life = await fetch_access_token(self._api, app)
        except WeChatError as failure:
            slot.refuse(failure, self._monotonic())
            return failure
        else:
            slot.keep(token, started, life, self._uniform(_LATEST, _EARLIEST))
            return token

    def _collect(self, slot: _Slot, fetch: asyncio.Task[str | WeChatError]) -> None:
        slot.fetch = None
        self._fetches.discard(fetch)
        if not fetch.cancelled() and (error := fetch.exception()) is not None:
            _log.error("WeChat %s: a fetch failed on %s", PATH, type(error).__name__)
