"""The rows of a trade bill: what was paid on a day in China, and which refunds were asked for on it.

https://pay.weixin.qq.com/doc/v3/merchant/4012791913
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.keys import MCHID
from sandbox.pay.orders import REFUND, SUCCESS
from sandbox.pay.refunds import progress
from sandbox.pay.rows import Refund, Transaction

_CHINA = timezone(timedelta(hours=8))
_DAY = 86400.0
_REFUND_STATES = {"PROCESSING": "PROCESSING", "SUCCESS": "SUCCESS", "ABNORMAL": "CHANGE", "CLOSED": "FAIL"}
"""The bill has other words than the interfaces."""


@dataclass(frozen=True, slots=True)
class BillRow:
    """One row; `at` is seconds since 1970 in moved time, amounts are in fen. Refunds have `out_refund_no`.

    `is_from_available`: a refund out of the available balance.
    """

    at: float
    appid: str
    mchid: str
    transaction_id: str
    out_trade_no: str
    openid: str
    trade_state: str
    currency: str
    total: int
    description: str
    attach: str = ""
    device_id: str = ""
    refund_id: str = ""
    out_refund_no: str = ""
    refund: int = 0
    refund_state: str = ""
    refunded_at: float | None = None
    is_from_available: bool = False


def rows_of(wechat: OfflineWeChat, day: str, *, is_from_available: bool = False) -> list[BillRow]:
    """Payments and refunds of the day, in the order of their times, refunds as far as they are by now.

    With `is_from_available` the refunds out of the available balance in place of all others.
    """
    progress(wechat)
    state = wechat.state
    start = datetime.combine(date.fromisoformat(day), time(0), _CHINA).timestamp()
    end = start + _DAY
    payments = () if is_from_available else state.transactions.values()
    refunds = [each for each in state.refunds.values() if each.is_from_available is is_from_available]
    paid = [_paid(wechat, each) for each in payments if start <= each.paid_at < end]
    back = [_back(wechat, each) for each in refunds if start <= each.created_at < end]
    return sorted((*paid, *back), key=lambda row: row.at)


def _paid(wechat: OfflineWeChat, transaction: Transaction) -> BillRow:
    order = wechat.state.orders[transaction.out_trade_no]
    return BillRow(
        at=transaction.paid_at,
        appid=order.appid,
        mchid=MCHID,
        transaction_id=transaction.transaction_id,
        out_trade_no=order.out_trade_no,
        openid=transaction.openid,
        trade_state=SUCCESS,
        currency=transaction.currency,
        total=transaction.total,
        description=order.description,
        attach=order.attach or "",
        device_id=order.device_id or "",
    )


def _back(wechat: OfflineWeChat, refund: Refund) -> BillRow:
    order = wechat.state.orders[refund.out_trade_no]
    return BillRow(
        at=refund.created_at,
        appid=order.appid,
        mchid=MCHID,
        transaction_id=refund.transaction_id,
        out_trade_no=refund.out_trade_no,
        openid=order.openid,
        trade_state=REFUND,
        currency=refund.currency,
        total=0,
        description=order.description,
        attach=order.attach or "",
        device_id=order.device_id or "",
        refund_id=refund.refund_id,
        out_refund_no=refund.out_refund_no,
        refund=refund.amount,
        refund_state=_REFUND_STATES[refund.status],
        refunded_at=refund.success_at,
        is_from_available=refund.is_from_available,
    )
