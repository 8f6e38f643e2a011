"""Login: a js_code for an openid and its session_key, and the check and the renewal of a session_key.

Follows "code2Session", "checkSessionKey" and "ResetUserSessionKey" of WeChat's documentation.
"""

from dataclasses import dataclass, field
from typing import Any

from wechat.answers import optional_text, required_text
from wechat.api import LOGIN_PATH, Api
from wechat.apps import App
from wechat.business import BusinessApi
from wechat.errors import LoginCodeInvalid, SessionKeyInvalid, Unreadable
from wechat.session_key import is_session_key, sign

CODE2SESSION = LOGIN_PATH
CHECKSESSION = "/wxa/checksession"
RESETUSERSESSIONKEY = "/wxa/resetusersessionkey"
_LONGEST_CODE = 512
_LONGEST_ID = 128


@dataclass(frozen=True)
class LoginSession:
    """Who logged in. `unionid` is None unless the app belongs to an Open Platform account; none of it is shown."""

    openid: str = field(repr=False)
    session_key: str = field(repr=False)
    unionid: str | None = field(repr=False)


class Login:
    """The login calls of every app."""

    def __init__(self, api: Api, business: BusinessApi) -> None:
        self._api = api
        self._business = business

    async def code2session(self, app: App, js_code: str) -> LoginSession:
        """Spend a js_code, which is sent once and never again, whatever comes back.

        Raises LoginCodeInvalid, LoginBlocked, Misconfigured or Unavailable; after Unavailable the code may be spent.
        A js_code that cannot be one is LoginCodeInvalid without a call.
        """
        if not (1 <= len(js_code) <= _LONGEST_CODE and js_code.isascii() and js_code.isprintable()):
            raise LoginCodeInvalid(CODE2SESSION, "not sent")
        params = {
            "appid": app.appid,
            "secret": app.secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        content = await self._api.get(CODE2SESSION, params, sends_secret=True)
        return LoginSession(
            openid=required_text(CODE2SESSION, content, "openid", longest=_LONGEST_ID),
            session_key=_session_key(CODE2SESSION, content),
            unionid=optional_text(CODE2SESSION, content, "unionid", longest=_LONGEST_ID),
        )

    async def checksession(self, app: App, openid: str, session_key: str) -> bool:
        """Whether `session_key` is the user's current one. Raises a WeChatError where WeChat does not say."""
        try:
            await self._business.get(app, CHECKSESSION, _signed(openid, session_key))
        except SessionKeyInvalid:
            return False
        return True

    async def resetusersessionkey(self, app: App, openid: str, session_key: str) -> str:
        """A new session_key for the user, who keeps the old one's expiry; the old one is void at once.

        Raises SessionKeyInvalid where `session_key` is not the current one; after Unavailable either may be current.
        """
        content = await self._business.get(app, RESETUSERSESSIONKEY, _signed(openid, session_key))
        if content.get("openid") != openid:
            raise Unreadable(RESETUSERSESSIONKEY, "the openid of another user")
        return _session_key(RESETUSERSESSIONKEY, content)


def _signed(openid: str, session_key: str) -> dict[str, str]:
    return {"openid": openid, "signature": sign(session_key), "sig_method": "hmac_sha256"}


def _session_key(path: str, content: dict[str, Any]) -> str:
    session_key = required_text(path, content, "session_key", longest=64)
    if not is_session_key(session_key):
        raise Unreadable(path, "no usable session_key")
    return session_key
