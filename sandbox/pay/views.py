"""Orders and refunds as WeChat Pay's answers and notices tell them.

https://pay.weixin.qq.com/doc/v3/merchant/4012791899
https://pay.weixin.qq.com/doc/v3/merchant/4012791903
"""

from typing import Any

from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.keys import MCHID
from sandbox.pay.orders import CLOSED, NOTPAY, REFUND, SUCCESS, paid_state, trade_state
from sandbox.pay.rows import PayOrder, Refund, Transaction
from sandbox.pay.times import written

_DESCRIPTIONS = {SUCCESS: "支付成功", REFUND: "转入退款", NOTPAY: "订单未支付", CLOSED: "订单已关闭"}
_BANK = "OTHERS"
_RECEIVER = "支付用户零钱"


def order_view(wechat: OfflineWeChat, order: PayOrder, transaction: Transaction | None) -> dict[str, Any]:
    """The answer to a query; without a payment, that of an order that was never paid."""
    state = trade_state(wechat, order) if transaction is None else paid_state(transaction)
    view: dict[str, Any] = {
        "appid": order.appid,
        "mchid": MCHID,
        "out_trade_no": order.out_trade_no,
        "trade_state": state,
        "trade_state_desc": _DESCRIPTIONS[state],
        "promotion_detail": [],
    }
    if order.attach is not None:
        view["attach"] = order.attach
    if order.device_id is not None:
        view["scene_info"] = {"device_id": order.device_id}
    if transaction is None:
        return {**view, "amount": {"total": order.total, "payer_currency": order.currency}}
    return {**view, **_payment(transaction)}


def refund_view(refund: Refund, transaction: Transaction) -> dict[str, Any]:
    """The answer to the request for a refund, and to a query of it."""
    view: dict[str, Any] = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": _RECEIVER,
        "create_time": written(refund.created_at),
        "status": refund.status,
        "funds_account": "AVAILABLE",
        "amount": _refund_amounts(refund, transaction),
        "promotion_detail": [],
    }
    if refund.success_at is not None:
        view["success_time"] = written(refund.success_at)
    return view


def refund_notice_view(refund: Refund, transaction: Transaction) -> dict[str, Any]:
    """What the notice of a refund tells: `refund_status` in place of `status`, and fewer amounts."""
    amounts = {"total": transaction.total, "refund": refund.amount}
    view: dict[str, Any] = {
        "mchid": MCHID,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund_status": refund.status,
        "user_received_account": _RECEIVER,
        "amount": {**amounts, "payer_total": transaction.total, "payer_refund": refund.amount},
    }
    if refund.success_at is not None:
        view["success_time"] = written(refund.success_at)
    return view


def _payment(transaction: Transaction) -> dict[str, Any]:
    return {
        "transaction_id": transaction.transaction_id,
        "trade_type": "JSAPI",
        "bank_type": _BANK,
        "success_time": written(transaction.paid_at),
        "payer": {"openid": transaction.openid},
        "amount": {
            "total": transaction.total,
            "payer_total": transaction.total,
            "currency": transaction.currency,
            "payer_currency": transaction.currency,
        },
    }


def _refund_amounts(refund: Refund, transaction: Transaction) -> dict[str, Any]:
    return {
        "total": transaction.total,
        "refund": refund.amount,
        "from": [],
        "payer_total": transaction.total,
        "payer_refund": refund.amount,
        "settlement_refund": refund.amount,
        "settlement_total": transaction.total,
        "discount_refund": 0,
        "currency": transaction.currency,
        "refund_fee": 0,
    }
