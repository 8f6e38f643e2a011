"""The body that creates an order, made once and kept: a repetition must send the same bytes.

Follows "JSAPI/mini program: create order" of WeChat Pay's documentation.
"""

import re
from datetime import datetime, timedelta, timezone

from wechat.api import encode_json
from wechat.errors import CallerBug
from wechat.pay.paths import JSAPI
from wechat.pay.texts import checked_fen, cut_to_bytes

_CHINA = timezone(timedelta(hours=8))
_OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}", re.ASCII)
_LONGEST_DESCRIPTION = 127
_LONGEST_NOTIFY_URL = 255


def description_of(title: str) -> str:
    """What a receipt calls the order: the title, cut to 127 bytes of UTF-8 on a character."""
    return cut_to_bytes(title, _LONGEST_DESCRIPTION)


def prepay_body(
    *,
    appid: str,
    mchid: str,
    description: str,
    out_trade_no: str,
    time_expire: datetime,
    notify_url: str,
    total: int,
    openid: str,
) -> bytes:
    """The exact bytes to store and to send. `total` is in fen; `time_expire` is aware, its fraction of a second goes.

    Raises CallerBug for what WeChat's documentation forbids.
    """
    _require(_OUT_TRADE_NO.fullmatch(out_trade_no), "out_trade_no")
    _require(0 < len(description.encode()) <= _LONGEST_DESCRIPTION, "description")
    _require(time_expire.tzinfo is not None, "time_expire")
    _require(0 < len(notify_url) <= _LONGEST_NOTIFY_URL and not set(notify_url) & set("?#"), "notify_url")
    _require(appid and mchid and openid, "appid, mchid or openid")
    return encode_json(
        {
            "appid": appid,
            "mchid": mchid,
            "description": description,
            "out_trade_no": out_trade_no,
            "time_expire": time_expire.astimezone(_CHINA).isoformat(timespec="seconds"),
            "notify_url": notify_url,
            "amount": {"total": checked_fen(JSAPI, "total", total), "currency": "CNY"},
            "payer": {"openid": openid},
        }
    )


def _require(fulfilled: object, name: str) -> None:
    if not fulfilled:
        raise CallerBug(JSAPI, f"no usable {name}")
