"""The remote control's `wx/` calls: each answers what the mini program's own API answers on the phone.

To call one is to use the app: the person has been seen, and a live session_key lives on.
"""

import base64
import hashlib
from typing import Any

from sandbox.bodies import read_flag, read_only, read_text
from sandbox.client_data import seal, sign, to_json_text, watermark
from sandbox.controls import PREFIX, Control, find_user, read_appid
from sandbox.offline_wechat import OfflineWeChat
from sandbox.people import ANONYMOUS, GREY_AVATAR
from sandbox.phone_numbers import phone_info
from sandbox.profiles import read_country_code_as_number
from sandbox.state import User

_NO_SESSION = "fail login required: call wx.login first"
_DEFAULT_GROUP = "group"


def login(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.login: https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.login.html."""
    read_only(body, ("openid", "appid"))
    appid = read_appid(wechat, body)
    user = find_user(wechat, body) if "openid" in body else wechat.people.create(appid, {})
    return {"code": wechat.login_codes.issue(user), "errMsg": "login:ok", "openid": user.openid}


def check_session(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.checkSession: https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/wx.checkSession.html."""
    read_only(body, ("openid",))
    alive = wechat.people.visit(find_user(wechat, body)) is not None
    return {"errMsg": "checkSession:ok" if alive else "checkSession:fail session time out, need relogin"}


def get_user_info(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.getUserInfo, or with `profile` wx.getUserProfile, whose data holds neither openId nor unionId.

    `anonymous`: as an app is answered that was published after WeChat stopped telling who people are.
    https://developers.weixin.qq.com/miniprogram/dev/api/open-api/user-info/wx.getUserInfo.html
    """
    read_only(body, ("openid", "profile", "anonymous"))
    profile, anonymous = read_flag(body, "profile"), read_flag(body, "anonymous")
    user = find_user(wechat, body)
    session_key = wechat.people.visit(user)
    api = "getUserProfile" if profile else "getUserInfo"
    if session_key is None:
        return {"errMsg": f"{api}:{_NO_SESSION}"}
    info = _anonymous_info() if anonymous else _user_info(user)
    raw_data = to_json_text(info)
    data = info if profile else _with_identity(info, user)
    sealed = _seal(wechat, user, session_key, data)
    signature = sign(raw_data, session_key)
    return {"userInfo": info, "rawData": raw_data, "signature": signature, **sealed, "errMsg": f"{api}:ok"}


def get_phone_number(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """The event of `<button open-type="getPhoneNumber">`. Without a live session_key it has the code alone.

    https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html
    """
    read_only(body, ("openid", "deny", "countryCodeAs"))
    deny, as_number = read_flag(body, "deny"), read_country_code_as_number(body)
    user = find_user(wechat, body)
    session_key = wechat.people.visit(user)
    if deny:
        return {"errMsg": "getPhoneNumber:fail user deny"}
    if as_number is None:
        as_number = user.country_code_as_number
    phone = wechat.people.phone_number(user)
    code = wechat.phone_codes.issue(user, phone, country_code_as_number=as_number)
    info = phone_info(phone, country_code_as_number=as_number)
    sealed = {} if session_key is None else _seal(wechat, user, session_key, info)
    return {"code": code.code, **sealed, "errMsg": "getPhoneNumber:ok"}


def get_share_info(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """wx.getShareInfo: https://developers.weixin.qq.com/miniprogram/dev/api/share/wx.getShareInfo.html."""
    read_only(body, ("openid", "group"))
    group = read_text(body, "group", longest=64)
    user = find_user(wechat, body)
    session_key = wechat.people.visit(user)
    if session_key is None:
        return {"errMsg": f"getShareInfo:{_NO_SESSION}"}
    open_gid = _open_gid(user.appid, _DEFAULT_GROUP if group is None else group)
    return {**_seal(wechat, user, session_key, {"openGId": open_gid}), "errMsg": "getShareInfo:ok"}


def _user_info(user: User) -> dict[str, Any]:
    return {
        "nickName": user.nickname,
        "gender": user.gender,
        "language": user.language,
        "city": user.city,
        "province": user.province,
        "country": user.country,
        "avatarUrl": user.avatar_url,
    }


def _anonymous_info() -> dict[str, Any]:
    nowhere = {"language": "", "city": "", "province": "", "country": ""}
    return {"nickName": ANONYMOUS, "gender": 0, **nowhere, "avatarUrl": GREY_AVATAR}


def _with_identity(info: dict[str, Any], user: User) -> dict[str, Any]:
    identity = {"openId": user.openid, **info}
    return identity if user.unionid is None else {**identity, "unionId": user.unionid}


def _seal(wechat: OfflineWeChat, user: User, session_key: str, data: dict[str, Any]) -> dict[str, str]:
    marked = {**data, "watermark": watermark(user.appid, wechat.clock.real())}
    return seal(marked, session_key, wechat.mint.initialization_vector())


def _open_gid(appid: str, group: str) -> str:
    digest = hashlib.sha256(f"{appid}\n{group}".encode()).digest()
    return "tG" + base64.urlsafe_b64encode(digest).decode()[:27]


_DATA = "encryptedData, iv, errMsg"
WX_API = (
    Control("POST", f"{PREFIX}/wx/login", login, "{openid?, appid?} → {code, errMsg, openid}"),
    Control("POST", f"{PREFIX}/wx/checkSession", check_session, "{openid} → {errMsg}"),
    Control(
        "POST",
        f"{PREFIX}/wx/getUserInfo",
        get_user_info,
        f"{{openid, profile?: true, anonymous?: true}} → {{userInfo, rawData, signature, {_DATA}}}",
    ),
    Control(
        "POST",
        f"{PREFIX}/wx/getPhoneNumber",
        get_phone_number,
        f'{{openid, deny?: true, countryCodeAs?: "string" | "number"}} → {{code, {_DATA}}}',
    ),
    Control("POST", f"{PREFIX}/wx/getShareInfo", get_share_info, f"{{openid, group?}} → {{{_DATA}}}"),
)
