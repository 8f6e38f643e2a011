"""What each documented errcode of api.weixin.qq.com means here: one table from number to error.

Follows the page "Global return codes" and the error tables of the single interfaces. Nothing is decided by errmsg.
"""

from wechat.errors import (
    AccessTokenRefused,
    Busy,
    CallerBug,
    LoginBlocked,
    LoginCodeInvalid,
    Misconfigured,
    PageUnknown,
    PhoneCodeInvalid,
    RateLimited,
    Rejected,
    SessionKeyInvalid,
    UserNotSeen,
    WeChatError,
)

_APPID = (
    "Look at APPLETQL_APPID, or at the appid in APPLETQL_APPS: WeChat does not know this appid, "
    "or the code was made by another app."
)
_SECRET = "Look at APPLETQL_APPSECRET, or at the secret in APPLETQL_APPS: it is not this app's current AppSecret."  # noqa: S105  (advice, no secret)
_ADDRESSES = "Add this server's outgoing address to the IP whitelist of the app in WeChat's console."
_ACCOUNT = "Look at the notices of the app's account in WeChat's console: the account is limited or frozen."

ADVICE = {
    40013: _APPID,
    40125: _SECRET,
    40164: _ADDRESSES,
    40243: "Unfreeze the AppSecret in WeChat's console, then look whether APPLETQL_APPSECRET or APPLETQL_APPS has it.",
    41002: "Set APPLETQL_APPID, or the appid in APPLETQL_APPS: it was sent empty.",
    41004: "Set APPLETQL_APPSECRET, or the secret in APPLETQL_APPS: it was sent empty.",
    48001: "The app may not use this interface: look at its permissions in WeChat's console.",
    50002: _ACCOUNT,
    50004: _ACCOUNT,
    50007: _ACCOUNT,
    89002: "Bind the app to an Open Platform account in WeChat's console.",
    89503: "An administrator of the app must confirm this server's address; WeChat has sent the question to them.",
    89506: "An administrator refused this server's address: WeChat's console lets it ask again after 24 hours.",
    89507: "An administrator refused this server's address: WeChat's console lets it ask again after one hour.",
}
"""Sentences for the operator, by errcode; each of these codes is a `Misconfigured`."""

ERRORS: dict[int, type[WeChatError]] = {
    -1: Busy,
    1: Rejected,
    40001: AccessTokenRefused,
    40002: CallerBug,
    40003: CallerBug,
    40014: AccessTokenRefused,
    40029: LoginCodeInvalid,
    40097: CallerBug,
    40129: CallerBug,
    40163: LoginCodeInvalid,
    40169: CallerBug,
    40226: LoginBlocked,
    41001: AccessTokenRefused,
    41030: PageUnknown,
    41008: CallerBug,
    42001: AccessTokenRefused,
    43002: CallerBug,
    43104: CallerBug,
    44002: CallerBug,
    44990: RateLimited,
    44991: RateLimited,
    45009: RateLimited,
    45011: RateLimited,
    47001: CallerBug,
    61010: UserNotSeen,
    85096: CallerBug,
    87007: SessionKeyInvalid,
    87008: CallerBug,
    87009: SessionKeyInvalid,
    89300: Rejected,
    **dict.fromkeys(ADVICE, Misconfigured),
}
"""Every documented errcode of the interfaces used here; any other is `Rejected`."""

ON_PATH: dict[str, dict[int, type[WeChatError]]] = {
    "/wxa/business/getuserphonenumber": {40029: PhoneCodeInvalid},
}
"""Errcodes that mean something else on one path, where a code is another kind of code."""

_WRONG_SECRET = 40001


def error_for(path: str, errcode: int, rid: str | None, *, sends_secret: bool = False) -> WeChatError:
    """The error for an errcode that is not 0.

    40001 has two meanings: to a call that sends the AppSecret it is a wrong secret, to any other a refused
    access_token.
    """
    if sends_secret and errcode == _WRONG_SECRET:
        return Misconfigured(path, advice=_SECRET, errcode=errcode, rid=rid)
    if errcode in ADVICE:
        return Misconfigured(path, advice=ADVICE[errcode], errcode=errcode, rid=rid)
    kind = ON_PATH.get(path, {}).get(errcode) or ERRORS.get(errcode, Rejected)
    return kind(path, errcode=errcode, rid=rid)
