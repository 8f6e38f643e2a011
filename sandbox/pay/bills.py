"""The paths of bills: ask for the trade bill of a day, download it within five minutes.

https://pay.weixin.qq.com/doc/v3/merchant/4012791913
https://pay.weixin.qq.com/doc/v3/merchant/4012084430
"""

import gzip
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from sandbox.controls import PREFIX, Control
from sandbox.endpoints import Call
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.api_mch import endpoint, file_endpoint
from sandbox.pay.bill_desk import BillFile
from sandbox.pay.bill_faults import BillFaultKind, broken, is_day, read_faults, with_faults
from sandbox.pay.bill_rows import rows_of
from sandbox.pay.bill_text import BillType, chosen, lines
from sandbox.pay.errors import PayRefusal
from sandbox.pay.schema import wrong_query

DOWNLOAD = "/v3/billdownload/file"
_CHINA = timezone(timedelta(hours=8))
_BEGUN, _READY = time(9), time(10)
_KEPT_DAYS = 92
_PARAMETERS = ("bill_date", "bill_type", "tar_type")


def trade_bill(wechat: OfflineWeChat, call: Call, _body: dict[str, Any]) -> dict[str, Any]:
    """Where the bill is, and the SHA-1 of its text. It is made at 09:00 in China of the next day, ready at 10:00."""
    day, kind = _read_query(call)
    _check_day(wechat, day)
    desk = wechat.pay.bills
    faults = [fault for fault in desk.faults if fault.bill_type in (None, kind)]
    known = rows_of(wechat, day, is_from_available=kind is BillType.RECHARGE_REFUND)
    rows = chosen(with_faults(known, faults, day), kind)
    if not rows:
        raise PayRefusal("NO_STATEMENT_EXIST")
    text, told = broken("".join(lines(rows, kind)), faults, day)
    is_packed = call.query.get("tar_type") == "GZIP"
    content = gzip.compress(text.encode()) if is_packed else text.encode()
    token = wechat.mint.nonce()
    desk.keep(token, BillFile(content, "application/x-gzip" if is_packed else "text/plain"), wechat.clock.now())
    address = f"http://{call.headers.get('host', '127.0.0.1')}{DOWNLOAD}?token={token}"
    return {"hash_type": "SHA1", "hash_value": told, "download_url": address}


def download(wechat: OfflineWeChat, call: Call) -> tuple[bytes, str]:
    """The file of a token that was given out within the last five minutes, as often as it is asked for."""
    if not call.query.get("token"):
        raise wrong_query("token", call.query.get("token"), "缺少必填参数")
    found = wechat.pay.bills.find(call.query["token"], wechat.clock.now())
    if found is None:
        raise PayRefusal("INVALID_REQUEST", "账单下载链接无效或已过期 请重新申请账单")
    return found.content, found.content_type


def set_bill_faults(wechat: OfflineWeChat, body: dict[str, Any]) -> dict[str, Any]:
    """Plant differences into the bills that are asked for from now on, in place of all that were planted before."""
    wechat.pay.bills.faults = read_faults(body)
    return {"faults": [fault.to_json() for fault in wechat.pay.bills.faults]}


def _read_query(call: Call) -> tuple[str, BillType]:
    for name in call.query.keys() - set(_PARAMETERS):
        raise wrong_query(name, call.query[name], "未定义的参数")
    day, kind = call.query.get("bill_date"), call.query.get("bill_type", BillType.ALL)
    if day is None or not is_day(day):
        raise wrong_query("bill_date", day, "格式应为yyyy-MM-DD")
    if kind not in list(BillType):
        raise wrong_query("bill_type", kind, f"输入源不在枚举值{[each.value for each in BillType]}中")
    if call.query.get("tar_type", "GZIP") != "GZIP":
        raise wrong_query("tar_type", call.query["tar_type"], "输入源不在枚举值['GZIP']中")
    return day, BillType(kind)


def _check_day(wechat: OfflineWeChat, day: str) -> None:
    """Raises PayRefusal where there is no bill of the day, or not yet, or not any more."""
    now = datetime.fromtimestamp(wechat.clock.now(), UTC).astimezone(_CHINA)
    next_day = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(0), _CHINA)
    if now < datetime.combine(next_day, _BEGUN, _CHINA):
        raise PayRefusal("NO_STATEMENT_EXIST")
    if now < datetime.combine(next_day, _READY, _CHINA):
        raise PayRefusal("STATEMENT_CREATING")
    if now > next_day + timedelta(days=_KEPT_DAYS):
        raise PayRefusal("INVALID_REQUEST", "只能下载三个月以内的账单")


BILLS = (endpoint("GET", "/v3/bill/tradebill", trade_bill), file_endpoint(DOWNLOAD, download))
BILL_CONTROLS = (
    Control(
        "PUT",
        f"{PREFIX}/bill-faults",
        set_bill_faults,
        f"{{date?, faults: [{{fault: {' | '.join(BillFaultKind)}, date?, billType?, transactionId?, outTradeNo?, "
        "outRefundNo?, amount?, state?, appid?, at?}]}: planted into bills",
    ),
)
