"""Phone codes: issued by a tap on the getPhoneNumber button, redeemed once by getuserphonenumber.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
"""

from sandbox.clock import Clock
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.mint import Mint
from sandbox.state import PhoneCode, State, User

_LIFE = 300.0


class PhoneCodes:
    """Codes of a kind of their own: one of wx.login is none of these. They live for 300 seconds."""

    def __init__(self, state: State, clock: Clock, mint: Mint) -> None:
        self._codes = state.phone_codes
        self._clock = clock
        self._mint = mint

    def issue(self, user: User, phone: str, *, country_code_as_number: bool) -> PhoneCode:
        """A new code for the number that the person agreed to give."""
        self._drop_expired()
        code = PhoneCode(
            code=self._mint.phone_code(),
            appid=user.appid,
            openid=user.openid,
            phone=phone,
            country_code_as_number=country_code_as_number,
            issued_at=self._clock.now(),
            tapped_at=self._clock.real(),
        )
        self._codes[code.code] = code
        return code

    def redeem(self, appid: str, code: str, openid: str | None) -> PhoneCode:
        """What the code stands for, once.

        Raises WeChatRefusal, and leaves the code unused: 40029 for one that is unknown, used, expired or another
        person's, 40013 for one of another app.
        """
        self._drop_expired()
        found = self._codes.get(code)
        if found is None:
            raise WeChatRefusal(Errcode.INVALID_CODE)
        if found.appid != appid:
            raise WeChatRefusal(Errcode.INVALID_APPID)
        if openid is not None and openid != found.openid:
            # WeChat documents that it compares the two, but not what it answers then.
            raise WeChatRefusal(Errcode.INVALID_CODE)
        return self._codes.pop(code)

    def _drop_expired(self) -> None:
        oldest_live = self._clock.now() - _LIFE
        for code in [each.code for each in self._codes.values() if each.issued_at <= oldest_live]:
            del self._codes[code]
