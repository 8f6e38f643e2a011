"""The login paths of a mini program's server: code2Session and the state of a session_key.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/checkSessionKey.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/ResetUserSessionKey.html
"""

import hashlib
import hmac
from typing import Any

from sandbox.api_weixin import check_credentials, endpoint, token_owner
from sandbox.endpoints import Call
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.offline_wechat import OfflineWeChat
from sandbox.state import User


def code2session(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """openid, session_key and, where there is one, unionid; no errcode key."""
    appid = check_credentials(wechat, call.query)
    js_code = call.query.get("js_code")
    if not js_code:
        raise WeChatRefusal(Errcode.CODE_MISSING)
    if call.query.get("grant_type") != "authorization_code":
        raise WeChatRefusal(Errcode.INVALID_GRANT_TYPE)
    user, session_key = wechat.login_codes.redeem(appid, js_code)
    session = {"session_key": session_key, "openid": user.openid}
    return session if user.unionid is None else {**session, "unionid": user.unionid}


def check_session_key(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """Success when the signature was made with the person's live session_key."""
    _signed_user(wechat, call)
    return {"errcode": 0, "errmsg": "ok"}


def reset_user_session_key(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """A new session_key, which expires when the old one would have."""
    user = _signed_user(wechat, call)
    return {"errcode": 0, "errmsg": "ok", "openid": user.openid, "session_key": wechat.people.replace_key(user)}


def _signed_user(wechat: OfflineWeChat, call: Call) -> User:
    appid = token_owner(wechat, call)
    user = wechat.people.find(call.query.get("openid", ""))
    if user is None:
        raise WeChatRefusal(Errcode.INVALID_OPENID)
    if user.appid != appid:
        raise WeChatRefusal(Errcode.FOREIGN_OPENID)
    if call.query.get("sig_method") != "hmac_sha256":
        raise WeChatRefusal(Errcode.INVALID_SIG_METHOD)
    session_key = wechat.people.live_session_key(user)
    if session_key is None:
        raise WeChatRefusal(Errcode.SESSION_KEY_GONE)
    # The key is the base64 text itself, not the 16 bytes it stands for.
    signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
    if call.query.get("signature") != signature:
        raise WeChatRefusal(Errcode.INVALID_SIGNATURE)
    return user


MINI_PROGRAM = (
    # Clients that insist on application/json here fail with WeChat, too.
    endpoint("/sns/jscode2session", code2session, content_type="text/plain"),
    endpoint("/wxa/checksession", check_session_key),
    endpoint("/wxa/resetusersessionkey", reset_user_session_key),
)
