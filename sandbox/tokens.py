"""access_tokens: two families that know nothing of each other.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getAccessToken.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
"""

from dataclasses import replace

from sandbox.clock import Clock
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.mint import Mint
from sandbox.state import AccessToken, ForcedRefresh, State

_LIFE = 7200.0
_OVERLAP = 300.0
_RENEWAL = 300.0
_FORCED_PER_DAY = 20
_FORCED_GAP = 30.0
_REMEMBERED = 86400.0
_CLASSIC = "classic"
_STABLE = "stable"


class Tokens:
    """Issues tokens and tells whose a token is. All times are in seconds."""

    def __init__(self, state: State, clock: Clock, mint: Mint) -> None:
        self._state = state
        self._clock = clock
        self._mint = mint

    def classic(self, appid: str) -> AccessToken:
        """Always a new token; the ones before stay valid for 300 seconds more."""
        self._supersede(_CLASSIC, appid, self._clock.now() + _OVERLAP)
        return self._issue(_CLASSIC, appid)

    def stable(self, appid: str) -> AccessToken:
        """The same token while more than 300 seconds are left, then a new one beside it."""
        current = self._current_stable(appid)
        if current is not None and current.expires_at - self._clock.now() > _RENEWAL:
            return current
        return self._issue(_STABLE, appid)

    def forced(self, appid: str) -> AccessToken:
        """A new stable token, the ones before dead at once; within 30 seconds of the last forced one, no change.

        Raises WeChatRefusal 45009 for the 21st of a day.
        """
        now, day = self._clock.now(), self._clock.day()
        last = self._state.forced.get(appid) or ForcedRefresh(appid, day, 0, now - _FORCED_GAP)
        if now - last.last_at < _FORCED_GAP:
            return self.stable(appid)
        times = last.times if last.day == day else 0
        if times >= _FORCED_PER_DAY:
            raise WeChatRefusal(Errcode.DAILY_QUOTA)
        self._state.forced[appid] = replace(last, day=day, times=times + 1, last_at=now)
        self._supersede(_STABLE, appid, now)
        return self._issue(_STABLE, appid)

    def expires_in(self, token: AccessToken) -> int:
        """Whole seconds that the token still lives."""
        return int(token.expires_at - self._clock.now())

    def owner(self, value: str) -> str:
        """The appid of a valid token.

        Raises WeChatRefusal: 41001 without a token, 40014 for one never issued, 40001 for one that a newer one
        replaced, 42001 for one that lived its time.
        """
        if not value:
            raise WeChatRefusal(Errcode.ACCESS_TOKEN_MISSING)
        token = self._state.tokens.get(value)
        if token is None:
            raise WeChatRefusal(Errcode.INVALID_ACCESS_TOKEN)
        now = self._clock.now()
        if token.superseded_at is not None and token.superseded_at <= min(now, token.expires_at):
            raise WeChatRefusal(Errcode.INVALID_CREDENTIAL)
        if token.expires_at <= now:
            raise WeChatRefusal(Errcode.ACCESS_TOKEN_EXPIRED)
        return token.appid

    def _of(self, family: str, appid: str) -> list[AccessToken]:
        return [each for each in self._state.tokens.values() if (each.family, each.appid) == (family, appid)]

    def _current_stable(self, appid: str) -> AccessToken | None:
        return next((each for each in reversed(self._of(_STABLE, appid)) if each.superseded_at is None), None)

    def _supersede(self, family: str, appid: str, moment: float) -> None:
        for token in self._of(family, appid):
            token.superseded_at = moment if token.superseded_at is None else min(token.superseded_at, moment)

    def _issue(self, family: str, appid: str) -> AccessToken:
        self._forget_long_dead()
        token = AccessToken(self._mint.access_token(), family, appid, self._clock.now() + _LIFE)
        self._state.tokens[token.value] = token
        return token

    def _forget_long_dead(self) -> None:
        # Dead tokens are known for a day, so that a client is told 42001 or 40001 and not that it sent garbage.
        oldest = self._clock.now() - _REMEMBERED
        for value in [each.value for each in self._state.tokens.values() if each.expires_at < oldest]:
            del self._state.tokens[value]
