"""The life of an order: created, perhaps paid, closed by its merchant or by time.

https://pay.weixin.qq.com/doc/v3/merchant/4012791897
"""

from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.errors import PayRefusal
from sandbox.pay.rows import PayOrder, PrepayId, Transaction
from sandbox.pay.times import written_digits

PREPAY_LIFE = 7200.0
"""Seconds for which a prepay_id opens the cashier, whatever time_expire says."""
LONGEST_LIFE = 7 * 86400.0
"""Seconds after which an unpaid order is closed by itself; also the latest time_expire."""
SHORTEST_LIFE = 60.0
_MINUTES_BEFORE_CLOSE = 300.0

NOTPAY, SUCCESS, REFUND, CLOSED = "NOTPAY", "SUCCESS", "REFUND", "CLOSED"


def find_order(wechat: OfflineWeChat, out_trade_no: str) -> PayOrder:
    """The order with this number. Raises PayRefusal ORDER_NOT_EXIST."""
    order = wechat.state.orders.get(out_trade_no)
    if order is None:
        raise PayRefusal("ORDER_NOT_EXIST")
    return order


def latest_transaction(wechat: OfflineWeChat, order: PayOrder) -> Transaction | None:
    """The payment that a query by out_trade_no tells of, None for an unpaid order."""
    return wechat.state.transactions[order.transaction_ids[-1]] if order.transaction_ids else None


def trade_state(wechat: OfflineWeChat, order: PayOrder) -> str:
    """The trade_state of the order: that of its latest payment, where it has one."""
    transaction = latest_transaction(wechat, order)
    if transaction is not None:
        return paid_state(transaction)
    if order.closed or wechat.clock.now() >= order.created_at + LONGEST_LIFE:
        return CLOSED
    return NOTPAY


def paid_state(transaction: Transaction) -> str:
    """The trade_state of a payment: REFUND as soon as a refund was accepted, however small."""
    return REFUND if transaction.refunded else SUCCESS


def create(wechat: OfflineWeChat, order: PayOrder) -> str:
    """A prepay_id for a new order, or for one that was created with the same parameters and is still unpaid.

    Raises PayRefusal ORDER_CLOSED, also for an order whose time_expire has passed, ORDER_PAID or OUT_TRADE_NO_USED.
    """
    known = wechat.state.orders.setdefault(order.out_trade_no, order)
    state = trade_state(wechat, known)
    if state in (SUCCESS, REFUND):
        raise PayRefusal("ORDER_PAID")
    if state == CLOSED or wechat.clock.now() >= known.payable_until:
        raise PayRefusal("ORDER_CLOSED")
    if known.parameters != order.parameters:
        raise PayRefusal("OUT_TRADE_NO_USED", "请求重入时 参数与首次请求时不一致")
    return _issue_prepay_id(wechat, known)


def close(wechat: OfflineWeChat, order: PayOrder) -> None:
    """Close an order, once or again. Raises PayRefusal ORDER_PAID, USERPAYING or FREQUENCY_LIMITED."""
    state = trade_state(wechat, order)
    if state in (SUCCESS, REFUND):
        raise PayRefusal("ORDER_PAID")
    if state == CLOSED:
        return
    if order.paying:
        raise PayRefusal("USERPAYING")
    too_early = wechat.clock.now() < order.created_at + _MINUTES_BEFORE_CLOSE
    if wechat.pay.switches.close_needs_five_minutes and too_early:
        raise PayRefusal("FREQUENCY_LIMITED")
    order.closed = True


def _issue_prepay_id(wechat: OfflineWeChat, order: PayOrder) -> str:
    now, issued = wechat.clock.now(), wechat.state.prepay_ids
    while issued and (first := next(iter(issued.values()))).issued_at <= now - 2 * PREPAY_LIFE:
        del issued[first.value]
    made = PrepayId(wechat.mint.prepay_id(written_digits(now)), order.out_trade_no, now)
    issued[made.value] = made
    return made.value
