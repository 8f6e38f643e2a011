"""Paths of a mini program's server about a person: code2Session, the state of a session_key, the phone number.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/checkSessionKey.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/ResetUserSessionKey.html
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
"""

import hashlib
import hmac
from typing import Any

from sandbox.api_weixin import check_credentials, endpoint, posted, token_owner, user_of
from sandbox.client_data import watermark
from sandbox.endpoints import Call
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.offline_wechat import OfflineWeChat
from sandbox.phone_numbers import phone_info
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


def get_user_phone_number(wechat: OfflineWeChat, call: Call) -> dict[str, Any]:
    """The phone number behind a phone code; the code is used up. The watermark tells when the person tapped."""
    appid = token_owner(wechat, call)
    body = posted(call)
    code, openid = body.get("code"), body.get("openid")
    if not isinstance(code, str) or not isinstance(openid, str | None):
        raise WeChatRefusal(Errcode.BODY_FORMAT)
    found = wechat.phone_codes.redeem(appid, code, openid)
    info = phone_info(found.phone, country_code_as_number=found.country_code_as_number)
    return {"errcode": 0, "errmsg": "ok", "phone_info": {**info, "watermark": watermark(appid, found.tapped_at)}}


def _signed_user(wechat: OfflineWeChat, call: Call) -> User:
    user = user_of(wechat, token_owner(wechat, call), call.query.get("openid"))
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
    endpoint("/wxa/business/getuserphonenumber", get_user_phone_number),
)
