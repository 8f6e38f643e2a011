"""Login codes: issued by wx.login, redeemed once by code2Session.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
"""

from sandbox.clock import Clock
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.mint import Mint
from sandbox.people import People
from sandbox.quota import MinuteQuota
from sandbox.state import LoginCode, State, User

_LIFE = 300.0
_CALLS_PER_MINUTE = 100


class LoginCodes:
    """Codes live for 300 seconds; a person may redeem 100 times in any 60 seconds."""

    def __init__(self, state: State, clock: Clock, mint: Mint, people: People) -> None:
        self._codes = state.codes
        self._clock = clock
        self._mint = mint
        self._people = people
        self._quota = MinuteQuota(clock, _CALLS_PER_MINUTE)

    def issue(self, user: User) -> str:
        """A new code, which will answer the session_key of this moment even when that has been replaced since."""
        self._drop_expired()
        session_key = self._people.open_app(user)
        code = LoginCode(self._mint.code(), user.appid, user.openid, session_key, self._clock.now())
        self._codes[code.code] = code
        return code.code

    def redeem(self, appid: str, code: str) -> tuple[User, str]:
        """The person and the session_key behind the code, once.

        Raises WeChatRefusal: 40029 for a code that is unknown, expired or of another app, 45011 for a person who
        calls too often (the code stays unused), 40226 for a blocked person (the code is used up), 40163 for a
        used code.
        """
        self._drop_expired()
        found = self._codes.get(code)
        user = self._people.find(found.openid) if found is not None else None
        if found is None or user is None or found.appid != appid:
            raise WeChatRefusal(Errcode.INVALID_CODE)
        if not self._quota.admit(user.openid):
            raise WeChatRefusal(Errcode.MINUTE_QUOTA)
        used, found.used = found.used, True
        if user.blocked:
            raise WeChatRefusal(Errcode.CODE_BLOCKED)
        if used:
            raise WeChatRefusal(Errcode.CODE_USED)
        return user, found.session_key

    def clear(self) -> None:
        """Forget who called how often."""
        self._quota.clear()

    def _drop_expired(self) -> None:
        oldest_live = self._clock.now() - _LIFE
        while self._codes:
            first = next(iter(self._codes.values()))
            if first.issued_at > oldest_live:
                return
            del self._codes[first.code]
