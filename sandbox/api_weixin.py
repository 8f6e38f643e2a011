"""The manners of api.weixin.qq.com: JSON with HTTP 200, errors as errcode and errmsg, access_token in the query.

https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sandbox.endpoints import Answer, Call, Endpoint
from sandbox.errcodes import Errcode, WeChatRefusal, errmsg
from sandbox.offline_wechat import OfflineWeChat
from sandbox.state import User

JSON_TYPE = "application/json; encoding=utf-8"
Handler = Callable[[OfflineWeChat, Call], Mapping[str, Any] | Answer]


def endpoint(path: str, handler: Handler, content_type: str = JSON_TYPE) -> Endpoint:
    """A path whose handler gives the JSON object or the answer of success, or raises WeChatRefusal."""
    refuse = partial(_refuse, content_type=content_type)

    def handle(wechat: OfflineWeChat, call: Call) -> Answer:
        try:
            content = handler(wechat, call)
        except WeChatRefusal as refusal:
            return refuse(wechat, refusal.errcode)
        return content if isinstance(content, Answer) else _answer(content, content_type)

    return Endpoint(path, handle, refuse)


def check_credentials(wechat: OfflineWeChat, given: Mapping[str, Any]) -> str:
    """The appid of the given `appid` and `secret`. Raises WeChatRefusal 41002, 41004, 40013 or 40125."""
    appid, secret = given.get("appid"), given.get("secret")
    if not appid:
        raise WeChatRefusal(Errcode.APPID_MISSING)
    if not secret:
        raise WeChatRefusal(Errcode.APPSECRET_MISSING)
    app = wechat.apps.get(appid)
    if app is None:
        raise WeChatRefusal(Errcode.INVALID_APPID)
    if secret != app.secret:
        raise WeChatRefusal(Errcode.INVALID_APPSECRET)
    return app.appid


def token_owner(wechat: OfflineWeChat, call: Call) -> str:
    """The appid of the access_token in the query. Raises WeChatRefusal 41001, 40014, 40001 or 42001."""
    return wechat.tokens.owner(call.query.get("access_token", ""))


def user_of(wechat: OfflineWeChat, appid: str, openid: Any) -> User:
    """The person with this openid. Raises WeChatRefusal 40003 for an unknown one, 43104 for one of another app."""
    user = wechat.people.find(openid) if isinstance(openid, str) else None
    if user is None:
        raise WeChatRefusal(Errcode.INVALID_OPENID)
    if user.appid != appid:
        raise WeChatRefusal(Errcode.FOREIGN_OPENID)
    return user


def posted(call: Call, malformed: Errcode = Errcode.BODY_FORMAT) -> dict[str, Any]:
    """The JSON object of a POST body. Raises WeChatRefusal 43002, 44002, or `malformed` for what is no JSON object."""
    if call.method != "POST":
        raise WeChatRefusal(Errcode.POST_REQUIRED)
    if not call.body:
        raise WeChatRefusal(Errcode.EMPTY_BODY)
    try:
        content = json.loads(call.body)
    except (ValueError, RecursionError):
        raise WeChatRefusal(malformed) from None
    if not isinstance(content, dict):
        raise WeChatRefusal(malformed)
    return content


def _refuse(wechat: OfflineWeChat, errcode: int, content_type: str) -> Answer:
    rid = wechat.mint.rid(wechat.clock.real())
    return _answer({"errcode": int(errcode), "errmsg": errmsg(errcode, rid)}, content_type)


def _answer(content: Mapping[str, Any], content_type: str) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(200, body, content_type)
