"""The life of a refund: accepted within its payment's limits, in progress for a while, then at its end.

https://pay.weixin.qq.com/doc/v3/merchant/4012791903
"""

from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.errors import PayRefusal
from sandbox.pay.notices import refund_notice
from sandbox.pay.rows import Refund, Transaction

_PROCESSING, _SUCCESS, _CLOSED = "PROCESSING", "SUCCESS", "CLOSED"
PROGRESS = 30.0
"""Seconds of moved time from an accepted refund to its end."""
_MOST_PARTS = 50
_LONGEST_AGE = 365 * 86400.0
_MINUTE = 60.0


def progress(wechat: OfflineWeChat) -> None:
    """Move every refund that is due to its end, and queue its notice."""
    now = wechat.clock.now()
    due = [each for each in wechat.state.refunds.values() if each.status == _PROCESSING and each.due_at <= now]
    for refund in due:
        refund.status = wechat.pay.switches.refund_outcome.value
        refund.success_at = refund.due_at if refund.status == _SUCCESS else None
        refund_notice(wechat, wechat.state.orders[refund.out_trade_no], refund)
    if due:
        wechat.changed()
        wechat.pay.wake()


def accept(wechat: OfflineWeChat, refund: Refund, transaction: Transaction) -> Refund:
    """Take a new refund, or give the one that was taken with the same number and parameters.

    Raises PayRefusal INVALID_REQUEST, TRADE_OVERDUE, NOT_ENOUGH or FREQUENCY_LIMITED.
    """
    progress(wechat)
    _meet_the_minute(wechat, transaction)
    known = wechat.state.refunds.get(refund.out_refund_no)
    if known is not None:
        if known.parameters != refund.parameters:
            raise PayRefusal("INVALID_REQUEST", "订单金额或退款参数与之前请求不一致")
        return known
    check_limits(wechat, transaction, refund.amount, refund.total)
    if wechat.pay.switches.not_enough:
        raise PayRefusal("NOT_ENOUGH")
    return store(wechat, refund, transaction)


def check_limits(wechat: OfflineWeChat, transaction: Transaction, amount: int, total: int) -> None:
    """Whether so many fen of the payment can still be refunded. Raises PayRefusal INVALID_REQUEST or TRADE_OVERDUE."""
    if total != transaction.total:
        raise PayRefusal("INVALID_REQUEST", "订单总金额与支付金额不一致")
    if wechat.clock.now() > transaction.paid_at + _LONGEST_AGE:
        raise PayRefusal("TRADE_OVERDUE")
    others = [
        each
        for each in wechat.state.refunds.values()
        if each.transaction_id == transaction.transaction_id and each.status != _CLOSED
    ]
    if len(others) >= _MOST_PARTS:
        raise PayRefusal("INVALID_REQUEST", f"一笔订单最多退款{_MOST_PARTS}次")
    if sum(each.amount for each in others) + amount > transaction.total:
        raise PayRefusal("INVALID_REQUEST", "累计退款金额大于支付金额")


def store(wechat: OfflineWeChat, refund: Refund, transaction: Transaction) -> Refund:
    """Keep an accepted refund, which moves its payment to REFUND for good."""
    wechat.state.refunds[refund.out_refund_no] = refund
    transaction.refunded = True
    return refund


def _meet_the_minute(wechat: OfflineWeChat, transaction: Transaction) -> None:
    """A refused call does not begin a new minute: who comes too early need not wait longer for it."""
    now, requests = wechat.clock.now(), wechat.pay.last_refund_requests
    last = requests.get(transaction.out_trade_no)
    if wechat.pay.switches.one_refund_a_minute and last is not None and now < last + _MINUTE:
        raise PayRefusal("FREQUENCY_LIMITED")
    requests[transaction.out_trade_no] = now
