"""Orders, refunds and notifications as the remote control shows them. Amounts are in fen, times in RFC 3339."""

from typing import Any

from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.orders import paid_state, trade_state
from sandbox.pay.refunds import progress
from sandbox.pay.rows import Notification, PayOrder, Refund, Transaction
from sandbox.pay.times import written


def pay_state_json(wechat: OfflineWeChat) -> dict[str, Any]:
    """All of it, with refunds as far as they are by now."""
    progress(wechat)
    return {
        "orders": [_order_json(wechat, order) for order in wechat.state.orders.values()],
        "refunds": [refund_json(refund) for refund in wechat.state.refunds.values()],
        "notifications": [_notification_json(each) for each in wechat.state.notifications.values()],
    }


def transaction_json(transaction: Transaction) -> dict[str, Any]:
    """One payment."""
    return {
        "transactionId": transaction.transaction_id,
        "outTradeNo": transaction.out_trade_no,
        "tradeState": paid_state(transaction),
        "openid": transaction.openid,
        "amount": transaction.total,
        "currency": transaction.currency,
        "paidAt": written(transaction.paid_at),
    }


def refund_json(refund: Refund) -> dict[str, Any]:
    """One refund."""
    return {
        "outRefundNo": refund.out_refund_no,
        "refundId": refund.refund_id,
        "transactionId": refund.transaction_id,
        "outTradeNo": refund.out_trade_no,
        "status": refund.status,
        "amount": refund.amount,
        "total": refund.total,
        "reason": refund.reason,
        "console": refund.console,
        "createdAt": written(refund.created_at),
    }


def _order_json(wechat: OfflineWeChat, order: PayOrder) -> dict[str, Any]:
    return {
        "outTradeNo": order.out_trade_no,
        "tradeState": trade_state(wechat, order),
        "appid": order.appid,
        "openid": order.openid,
        "description": order.description,
        "amount": order.total,
        "currency": order.currency,
        "attach": order.attach,
        "notifyUrl": order.notify_url,
        "createdAt": written(order.created_at),
        "payableUntil": written(order.payable_until),
        "paying": order.paying,
        "transactionIds": order.transaction_ids,
        "transactions": [transaction_json(wechat.state.transactions[each]) for each in order.transaction_ids],
    }


def _notification_json(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "eventType": notification.event_type,
        "originalType": notification.original_type,
        "outTradeNo": notification.resource.get("out_trade_no"),
        "url": notification.url,
        "createdAt": written(notification.created_at),
        "dueAt": written(notification.due_at),
        "done": notification.done,
        "xml": notification.xml,
        "attempts": [
            {"at": written(each.at), "status": each.status, "error": each.error} for each in notification.attempts
        ],
    }
