"""What each documented code of WeChat Pay means here: one table from code to error, whatever its HTTP status.

Follows the error tables of the single interfaces. Nothing is decided by the message.
"""

import re

from wechat.errors import Busy, RateLimited, Unreadable, UserPaying, WeChatError
from wechat.pay.errors import (
    NotEnough,
    NumberUsed,
    OrderClosed,
    OrderNotFound,
    OrderPaid,
    PayMisconfigured,
    PayRefused,
    RefundNotFound,
    RefundRefused,
)
from wechat.pay.paths import BY_OUT_TRADE_NO, BY_TRANSACTION_ID, CLOSE, REFUND, REFUNDS

ADVICE = {
    "SIGN_ERROR": (
        "WeChat Pay refuses the signature: look at APPLETQL_MCHID, APPLETQL_MCH_SERIAL and APPLETQL_MCH_KEY_FILE, "
        "which must belong together, and at this server's clock."
    ),
    "NO_AUTH": "The merchant may not use this interface: look at its products in WeChat Pay's merchant console.",
    "APPID_MCHID_NOT_MATCH": (
        "Bind the mini program to the merchant in WeChat Pay's merchant console, or look at APPLETQL_MCHID and "
        "APPLETQL_APPID or APPLETQL_APPS."
    ),
    "MCH_NOT_EXISTS": "Look at APPLETQL_MCHID: WeChat Pay does not know this merchant number.",
}
"""Sentences for the operator, by code; each of these codes is a `PayMisconfigured`."""

ERRORS: dict[str, type[WeChatError]] = {
    "ACCOUNT_ERROR": PayRefused,
    "BANK_ERROR": Busy,
    "FREQUENCY_LIMITED": RateLimited,
    "INVALID_REQUEST": PayRefused,
    "INVALID_TRANSACTIONID": PayRefused,
    "NO_STATEMENT_EXIST": PayRefused,
    "NOT_ENOUGH": NotEnough,
    "OPENID_MISMATCH": PayRefused,
    "ORDER_CLOSED": OrderClosed,
    "ORDER_NOT_EXIST": OrderNotFound,
    "ORDER_PAID": OrderPaid,
    "OUT_TRADE_NO_USED": NumberUsed,
    "PARAM_ERROR": PayRefused,
    "REFUND_FEE_MISMATCH": PayRefused,
    "RESOURCE_NOT_EXISTS": PayRefused,
    "RULE_LIMIT": PayRefused,
    "SERVICE_UNAVAILABLE": Busy,
    "STATEMENT_CREATING": PayRefused,
    "SYSTEM_ERROR": Busy,
    "TRADE_ERROR": PayRefused,
    "TRADE_OVERDUE": PayRefused,
    "USER_ACCOUNT_ABNORMAL": PayRefused,
    "USER_PAYING": UserPaying,
    **dict.fromkeys(ADVICE, PayMisconfigured),
}
"""Every documented code of the interfaces used here; any other is `PayRefused`."""

_ORDER: dict[str, type[WeChatError]] = {"RESOURCE_NOT_EXISTS": OrderNotFound}
_DEFINITE = ("INVALID_REQUEST", "PARAM_ERROR", "USER_ACCOUNT_ABNORMAL", "TRADE_OVERDUE", "REFUND_FEE_MISMATCH")

ON_PATH: dict[str, dict[str, type[WeChatError]]] = {
    BY_OUT_TRADE_NO: _ORDER,
    BY_TRANSACTION_ID: _ORDER,
    CLOSE: _ORDER,
    REFUND: {"RESOURCE_NOT_EXISTS": RefundNotFound},
    REFUNDS: {"RESOURCE_NOT_EXISTS": RefundNotFound, **dict.fromkeys(_DEFINITE, RefundRefused)},
}
"""Codes that mean something else on one path."""

ALIASES = {"RATELIMIT_EXCEEDED": "FREQUENCY_LIMITED", "MCHID_NOT_EXIST": "MCH_NOT_EXISTS"}
"""Other words for the same; a code without its underscores, as API v2 wrote it, needs no row here."""

_SPELLINGS = {code.replace("_", ""): code for code in ERRORS} | {
    alias.replace("_", ""): code for alias, code in ALIASES.items()
}
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,47}", re.ASCII)
_ACCEPTED, _BAD_REQUEST, _UNAUTHORIZED, _TOO_MANY, _SERVER_ERROR = 202, 400, 401, 429, 500


def code_of(envelope: dict[str, object] | None) -> str | None:
    """The code of an error in the spelling of ERRORS; None where there is none that looks like one."""
    code = (envelope or {}).get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return None
    return _SPELLINGS.get(code.replace("_", ""), code)


def error_for(path: str, status: int, code: str | None, rid: str | None) -> WeChatError:
    """The error for an answer that is none: by its status where that says that the outcome is unknown, else by code."""
    kind = _by_status(status) or _by_code(path, status, code)
    if issubclass(kind, PayMisconfigured):
        advice = ADVICE[code if code in ADVICE else "SIGN_ERROR"]
        return PayMisconfigured(path, advice=advice, code=code, status=status, rid=rid)
    return kind(path, code=code, status=status, rid=rid)


def _by_status(status: int) -> type[WeChatError] | None:
    if status >= _SERVER_ERROR:
        return Busy
    return {_ACCEPTED: UserPaying, _TOO_MANY: RateLimited}.get(status)


def _by_code(path: str, status: int, code: str | None) -> type[WeChatError]:
    known = ON_PATH.get(path, {}).get(code or "") or ERRORS.get(code or "")
    if known is not None:
        return known
    if code is None or status < _BAD_REQUEST:
        return Unreadable  # not WeChat's own form: a proxy, another server, or a path that there is not
    return PayMisconfigured if status == _UNAUTHORIZED else PayRefused
