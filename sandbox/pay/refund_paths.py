"""The paths of refunds: ask for one, query one.

https://pay.weixin.qq.com/doc/v3/merchant/4012791903
https://pay.weixin.qq.com/doc/v3/merchant/4012791904
"""

import hashlib
from typing import Any

from sandbox.endpoints import Call
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.api_mch import endpoint
from sandbox.pay.errors import PayRefusal
from sandbox.pay.orders import latest_transaction
from sandbox.pay.refund_fields import REFUND_REQUEST
from sandbox.pay.refunds import PROGRESS, accept, progress
from sandbox.pay.rows import Refund, Transaction
from sandbox.pay.schema import canonical, wrong_field
from sandbox.pay.views import refund_view


def refund(wechat: OfflineWeChat, _call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The refund as accepted, or as it is by now where it was asked for before."""
    transaction = _transaction(wechat, body)
    return refund_view(accept(wechat, _refund(wechat, body, transaction), transaction), transaction)


def query(wechat: OfflineWeChat, call: Call, _body: dict[str, Any]) -> dict[str, Any]:
    """The refund as it is by now."""
    progress(wechat)
    found = wechat.state.refunds.get(call.path_params["out_refund_no"])
    if found is None:
        raise PayRefusal("RESOURCE_NOT_EXISTS")
    return refund_view(found, wechat.state.transactions[found.transaction_id])


def _transaction(wechat: OfflineWeChat, body: dict[str, Any]) -> Transaction:
    by_transaction, by_order = body.get("transaction_id"), body.get("out_trade_no")
    if (by_transaction is None) == (by_order is None):
        raise wrong_field("/transaction_id", by_transaction, "transaction_id与out_trade_no应二选一")
    if by_transaction is not None:
        transaction = wechat.state.transactions.get(by_transaction)
    else:
        order = wechat.state.orders.get(by_order or "")
        transaction = None if order is None else latest_transaction(wechat, order)
    if transaction is None:
        raise PayRefusal("RESOURCE_NOT_EXISTS", "订单不存在或未支付")
    return transaction


def _refund(wechat: OfflineWeChat, body: dict[str, Any], transaction: Transaction) -> Refund:
    now = wechat.clock.now()
    return Refund(
        out_refund_no=body["out_refund_no"],
        refund_id=wechat.mint.refund_id(),
        transaction_id=transaction.transaction_id,
        out_trade_no=transaction.out_trade_no,
        amount=body["amount"]["refund"],
        total=body["amount"]["total"],
        currency=body["amount"]["currency"],
        reason=body.get("reason"),
        notify_url=body.get("notify_url"),
        parameters=hashlib.sha256(canonical(body).encode()).hexdigest(),
        created_at=now,
        due_at=now + PROGRESS,
    )


REFUNDS = (
    endpoint("POST", "/v3/refund/domestic/refunds", refund, REFUND_REQUEST),
    endpoint("GET", "/v3/refund/domestic/refunds/{out_refund_no}", query),
)
