"""The text of a trade bill: columns by type, a backtick before each value, yuan, and a summary of two lines.

https://pay.weixin.qq.com/doc/v3/merchant/4012084430
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from sandbox.pay.bill_rows import BillRow

_CHINA = timezone(timedelta(hours=8))
_BYTE_ORDER_MARK = "\ufeff"
_LINE_END = "\r\n"


class BillType(StrEnum):
    """Which rows a bill has."""

    ALL = "ALL"
    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    RECHARGE_REFUND = "RECHARGE_REFUND"
    """Refunds that the merchant makes out of the available balance; no other type has them."""


_TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,"
    "交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额"
)
_TIMES = "退款申请时间,退款成功时间"
_BACK = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_GOODS = "商品名称,商户数据包,手续费,费率,订单金额"
HEADERS = {
    BillType.ALL: f"{_TRADE},{_BACK},{_GOODS},申请退款金额,费率备注",
    BillType.SUCCESS: f"{_TRADE},{_GOODS},费率备注",
    BillType.REFUND: f"{_TRADE},{_TIMES},{_BACK},{_GOODS},申请退款金额,费率备注",
    BillType.RECHARGE_REFUND: f"{_TRADE},{_TIMES},{_BACK},{_GOODS},申请退款金额,费率备注,返还手续费",
}
"""The first line of each type."""

_SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_SUMMARIES = {
    BillType.ALL: _SUMMARY,
    BillType.SUCCESS: "总交易单数,应结订单总金额,手续费总金额,订单总金额",
    BillType.REFUND: _SUMMARY,
    BillType.RECHARGE_REFUND: _SUMMARY,
}


def lines(rows: Iterable[BillRow], kind: BillType = BillType.ALL) -> Iterator[str]:
    """The whole text, line by line with its ends; a mark of the byte order stands in front."""
    values_of = [_VALUES[name] for name in HEADERS[kind].split(",")]
    yield f"{_BYTE_ORDER_MARK}{HEADERS[kind]}{_LINE_END}"
    count = total = refund = 0
    for row in rows:
        count, total, refund = count + 1, total + row.total, refund + row.refund
        yield _line(value_of(row) for value_of in values_of)
    yield _SUMMARIES[kind] + _LINE_END
    sums = {"应结订单总金额": total, "订单总金额": total, "退款总金额": refund, "申请退款总金额": refund}
    written = {name: yuan(amount) for name, amount in sums.items()}
    written |= {"总交易单数": f"{count}.0", "充值券退款总金额": "0.00", "手续费总金额": "0.00"}
    yield _line(written[name] for name in _SUMMARIES[kind].split(","))


def chosen(rows: Iterable[BillRow], kind: BillType) -> list[BillRow]:
    """The rows that a bill of this type has."""
    return [row for row in rows if _HAS[kind](row)]


_HAS: dict[BillType, Callable[[BillRow], bool]] = {
    BillType.ALL: lambda row: not row.is_from_available,
    BillType.SUCCESS: lambda row: not row.out_refund_no,
    BillType.REFUND: lambda row: bool(row.out_refund_no) and not row.is_from_available,
    BillType.RECHARGE_REFUND: lambda row: row.is_from_available,
}


def yuan(fen: int) -> str:
    """As in `12.50`."""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02}"


def _line(values: Iterable[str]) -> str:
    return ",".join(f"`{value}" for value in values) + _LINE_END


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone(_CHINA).isoformat(" ", "seconds")[:19]


def _escaped(text: str) -> str:
    """A merchant's own text: no comma of it separates, no line of it ends a row."""
    return text.replace("\\", "\\\\").replace(",", "\\,").replace("\r", "\\r").replace("\n", "\\n")


_VALUES: dict[str, Callable[[BillRow], str]] = {
    "交易时间": lambda row: _time(row.at),
    "公众账号ID": lambda row: row.appid,
    "商户号": lambda row: row.mchid,
    "特约商户号": lambda _row: "0",
    "设备号": lambda row: row.device_id,
    "微信订单号": lambda row: row.transaction_id,
    "商户订单号": lambda row: row.out_trade_no,
    "用户标识": lambda row: row.openid,
    "交易类型": lambda _row: "JSAPI",
    "交易状态": lambda row: row.trade_state,
    "付款银行": lambda _row: "OTHERS",
    "货币种类": lambda row: row.currency,
    "应结订单金额": lambda row: yuan(row.total),
    "代金券金额": lambda _row: "0.00",
    "退款申请时间": lambda row: _time(row.at),
    "退款成功时间": lambda row: "" if row.refunded_at is None else _time(row.refunded_at),
    "微信退款单号": lambda row: row.refund_id or "0",
    "商户退款单号": lambda row: row.out_refund_no or "0",
    "退款金额": lambda row: yuan(row.refund),
    "充值券退款金额": lambda _row: "0.00",
    "退款类型": lambda row: "ORIGINAL" if row.out_refund_no else "",
    "退款状态": lambda row: row.refund_state,
    "商品名称": lambda row: _escaped(row.description),
    "商户数据包": lambda row: _escaped(row.attach),
    "手续费": lambda _row: "0.00000",
    "费率": lambda _row: "0.60%",
    "订单金额": lambda row: yuan(row.total),
    "申请退款金额": lambda row: yuan(row.refund),
    "费率备注": lambda _row: "",
    "返还手续费": lambda _row: "0.00000",
}
"""What stands in each column."""
