"""The two paths that give access_tokens.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getAccessToken.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
"""

from collections.abc import Mapping
from typing import Any

from sandbox.api_weixin import check_credentials, endpoint, posted
from sandbox.endpoints import Call
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.offline_wechat import OfflineWeChat
from sandbox.state import AccessToken


def token(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """The classic token: a new one with each call."""
    appid = _client(wechat, call.query)
    return _granted(wechat, wechat.tokens.classic(appid))


def stable_token(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """The stable token; `force_refresh` replaces it."""
    body = posted(call)
    force_refresh = body.get("force_refresh", False)
    if not isinstance(force_refresh, bool) or not all(
        isinstance(body.get(name, ""), str) for name in ("grant_type", "appid", "secret")
    ):
        raise WeChatRefusal(Errcode.BODY_FORMAT)
    appid = _client(wechat, body)
    return _granted(wechat, wechat.tokens.forced(appid) if force_refresh else wechat.tokens.stable(appid))


def _client(wechat: OfflineWeChat, given: Mapping[str, Any]) -> str:
    if given.get("grant_type") != "client_credential":
        raise WeChatRefusal(Errcode.INVALID_GRANT_TYPE)
    return check_credentials(wechat, given)


def _granted(wechat: OfflineWeChat, granted: AccessToken) -> dict[str, Any]:
    return {"access_token": granted.value, "expires_in": wechat.tokens.expires_in(granted)}


CREDENTIALS = (
    endpoint("/cgi-bin/token", token),
    endpoint("/cgi-bin/stable_token", stable_token),
)
