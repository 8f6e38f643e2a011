"""The text of a trade bill: a header, rows with a backtick before each value, and a summary of two lines.

Follows "Trade bill in detail" of WeChat Pay's documentation. Columns differ by type of bill and are found by name.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from wechat.pay.bill_errors import BillBroken

DOWNLOAD = "/v3/billdownload/file"

_TIME, _APPID, _MCHID = "交易时间", "公众账号ID", "商户号"
_TRANSACTION, _NUMBER, _STATE, _CURRENCY = "微信订单号", "商户订单号", "交易状态", "货币种类"
_TOTAL = "订单金额"
_REFUND_ID, _REFUND_NUMBER, _REFUND, _REFUND_STATE = "微信退款单号", "商户退款单号", "申请退款金额", "退款状态"
_NEEDED = (_TIME, _APPID, _MCHID, _TRANSACTION, _NUMBER, _STATE, _CURRENCY, _TOTAL)
_OF_REFUNDS = (_REFUND_ID, _REFUND_NUMBER, _REFUND, _REFUND_STATE)
_OWN_TEXTS = ["商品名称", "商户数据包"]
_COUNT, _TOTAL_SUM, _REFUND_SUM = "总交易单数", "订单总金额", "申请退款总金额"

_BETWEEN = ",`"
_AMOUNT = re.compile(r"\d{1,13}(?:\.\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,12}(?:\.0{1,2})?", re.ASCII)
_NO_NUMBER = ("", "0")
_LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True)
class BillRow:
    """One payment, or one refund where `out_refund_no` is there. Amounts in fen; `trade_time` is aware, in China.

    `trade_time` is that of the payment, or of the moment at which WeChat took the refund, never of its success.
    `total` is what the order asked, before coupons, and 0 in the row of a refund. The words of `refund_state` are the
    bill's own: SUCCESS, PROCESSING, FAIL, CHANGE, as they were when the bill was made.
    """

    trade_time: datetime
    appid: str
    mchid: str
    out_trade_no: str
    transaction_id: str
    trade_state: str
    currency: str
    total: int
    refund_id: str | None
    out_refund_no: str | None
    refund: int
    refund_state: str | None


@dataclass(frozen=True)
class Summary:
    """What the bill says of itself, in fen; `refund` is None in a bill without refunds' columns."""

    count: int
    total: int
    refund: int | None


class Columns:
    """The columns of one bill, by its header; raises BillBroken where needed ones are missing."""

    def __init__(self, header: str, bill_date: date) -> None:
        names = header.rstrip("\r\n").removeprefix("\ufeff").split(",")
        self._count = len(names)
        self._day = bill_date.isoformat()
        places = {name: place for place, name in enumerate(names)}
        missing = [name for name in _NEEDED if name not in places]
        self.has_refunds = any(name in places for name in _OF_REFUNDS)
        if self.has_refunds:
            missing += [name for name in _OF_REFUNDS if name not in places]
        if missing or len(places) != len(names):
            raise BillBroken(DOWNLOAD, "columns that are not documented")
        self._needed = tuple(places[name] for name in _NEEDED)
        self._of_refunds = tuple(places[name] for name in _OF_REFUNDS) if self.has_refunds else ()
        texts = places.get(_OWN_TEXTS[0], -1)
        self._texts = texts if texts >= 0 and names[texts : texts + 2] == _OWN_TEXTS else None

    def row(self, line: str) -> BillRow:
        """The row of a line that begins with a backtick; raises BillBroken."""
        values = line.rstrip("\r\n")[1:].split(_BETWEEN)
        surplus = len(values) - self._count
        if surplus > 0 and self._texts is not None:
            # What only a merchant's own texts can hold; all other columns are counted from their side of these.
            values[self._texts : self._texts + 2 + surplus] = ["", ""]
        if len(values) != self._count:
            raise BillBroken(DOWNLOAD, "a row with another number of values")
        moment, appid, mchid, transaction_id, number, state, currency, total = [values[it] for it in self._needed]
        refund_id, out_refund_no, refund, refund_state = [values[it] for it in self._of_refunds] or ("", "", "0", "")
        return BillRow(
            trade_time=self._moment(moment),
            appid=appid,
            mchid=mchid,
            out_trade_no=_number(number),
            transaction_id=_number(transaction_id),
            trade_state=state,
            currency=currency,
            total=fen(total),
            refund_id=None if refund_id in _NO_NUMBER else _number(refund_id),
            out_refund_no=None if out_refund_no in _NO_NUMBER else _number(out_refund_no),
            refund=fen(refund),
            refund_state=refund_state or None,
        )

    def _moment(self, text: str) -> datetime:
        """A signature does not say to which question it is the answer: every row must be of the day."""
        try:
            moment = datetime.fromisoformat(f"{text}+08:00")
        except ValueError:
            moment = None
        if moment is None or not text.startswith(f"{self._day} "):
            raise BillBroken(DOWNLOAD, "a row of another day")
        return moment


def read_summary(header: str, line: str) -> Summary:
    """The summary of the last two lines; raises BillBroken."""
    names = header.rstrip("\r\n").split(",")
    values = line.rstrip("\r\n").removeprefix("`").split(_BETWEEN)
    told = dict(zip(names, values, strict=False))
    if len(names) != len(values) or _COUNT not in told or _TOTAL_SUM not in told:
        raise BillBroken(DOWNLOAD, "no summary")
    if not _WHOLE.fullmatch(told[_COUNT]):
        raise BillBroken(DOWNLOAD, "a summary that counts nothing")
    refund = fen(told[_REFUND_SUM]) if _REFUND_SUM in told else None
    return Summary(int(Decimal(told[_COUNT])), fen(told[_TOTAL_SUM]), refund)


@lru_cache(maxsize=4096)
def fen(yuan: str) -> int:
    """Whole fen of an amount in yuan as bills write it, as in `12.50`; raises BillBroken for anything else."""
    if not _AMOUNT.fullmatch(yuan):
        raise BillBroken(DOWNLOAD, "an amount that is none")
    return int(Decimal(yuan).scaleb(2))


def _number(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST_NUMBER or not text.isprintable():
        raise BillBroken(DOWNLOAD, "a number that is none")
    return text
