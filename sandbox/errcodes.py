"""The error codes of api.weixin.qq.com that the sandbox answers, with WeChat's own texts.

https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

from enum import IntEnum


class Errcode(IntEnum):
    """What went wrong; every answer is HTTP 200 all the same."""

    SYSTEM_BUSY = -1
    INVALID_CREDENTIAL = 40001
    INVALID_GRANT_TYPE = 40002
    INVALID_OPENID = 40003
    INVALID_APPID = 40013
    INVALID_ACCESS_TOKEN = 40014
    INVALID_CODE = 40029
    INVALID_ARGUMENTS = 40097
    INVALID_APPSECRET = 40125
    INVALID_SCENE = 40129
    CODE_USED = 40163
    SCENE_LENGTH = 40169
    CODE_BLOCKED = 40226
    ACCESS_TOKEN_MISSING = 41001
    APPID_MISSING = 41002
    APPSECRET_MISSING = 41004
    CODE_MISSING = 41008
    INVALID_PAGE = 41030
    ACCESS_TOKEN_EXPIRED = 42001
    POST_REQUIRED = 43002
    FOREIGN_OPENID = 43104
    EMPTY_BODY = 44002
    MINUTE_FREQUENCY = 44991
    DAILY_QUOTA = 45009
    MINUTE_QUOTA = 45011
    BODY_FORMAT = 47001
    NOT_VISITED = 61010
    RESERVED_IN_PAGE = 85096
    SESSION_KEY_GONE = 87007
    INVALID_SIG_METHOD = 87008
    INVALID_SIGNATURE = 87009


_TEXTS = {
    Errcode.SYSTEM_BUSY: "system error",
    Errcode.INVALID_CREDENTIAL: "invalid credential, access_token is invalid or not latest",
    Errcode.INVALID_GRANT_TYPE: "invalid grant_type",
    Errcode.INVALID_OPENID: "invalid openid",
    Errcode.INVALID_APPID: "invalid appid",
    Errcode.INVALID_ACCESS_TOKEN: "invalid access_token",
    Errcode.INVALID_CODE: "invalid code",
    Errcode.INVALID_ARGUMENTS: "invalid args",
    Errcode.INVALID_APPSECRET: "invalid appsecret",
    Errcode.INVALID_SCENE: "invalid scene",
    Errcode.CODE_USED: "code been used",
    Errcode.SCENE_LENGTH: "invalid length for scene, or the data is not json string",
    Errcode.CODE_BLOCKED: "code blocked",
    Errcode.ACCESS_TOKEN_MISSING: "access_token missing",
    Errcode.APPID_MISSING: "appid missing",
    Errcode.APPSECRET_MISSING: "appsecret missing",
    Errcode.CODE_MISSING: "missing code",
    Errcode.INVALID_PAGE: "invalid page",
    Errcode.ACCESS_TOKEN_EXPIRED: "access_token expired",
    Errcode.POST_REQUIRED: "require POST method",
    Errcode.FOREIGN_OPENID: "appid and openid not match",
    Errcode.EMPTY_BODY: "empty post data",
    Errcode.MINUTE_FREQUENCY: "reach max api minute frequence limit",
    Errcode.DAILY_QUOTA: "reach max api daily quota limit",
    Errcode.MINUTE_QUOTA: "api minute-quota reach limit, must slower, retry next minute",
    Errcode.BODY_FORMAT: "data format error",
    Errcode.NOT_VISITED: "code is expired",
    Errcode.RESERVED_IN_PAGE: "page or path not allow include scancode_time field",
    Errcode.SESSION_KEY_GONE: "session_key is not existd or expired",
    Errcode.INVALID_SIG_METHOD: "invalid sig_method",
    Errcode.INVALID_SIGNATURE: "invalid signature",
}


class WeChatRefusal(Exception):
    """A call that WeChat answers with an errcode."""

    def __init__(self, errcode: Errcode) -> None:
        super().__init__(errcode.name)
        self.errcode = errcode


def errmsg(errcode: int, rid: str) -> str:
    """WeChat's text for the code and the request id; a code without a text of ours is a plain `error`."""
    text = _TEXTS[Errcode(errcode)] if errcode in _TEXTS else "error"
    return f"{text} rid: {rid}"
