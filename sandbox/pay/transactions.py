"""The paths of orders: create, query by either number, close.

https://pay.weixin.qq.com/doc/v3/merchant/4012791897
https://pay.weixin.qq.com/doc/v3/merchant/4012791899
https://pay.weixin.qq.com/doc/v3/merchant/4012791900
https://pay.weixin.qq.com/doc/v3/merchant/4012791901
"""

import hashlib
from dataclasses import replace
from typing import Any

from sandbox.endpoints import Call
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay import orders
from sandbox.pay.api_mch import endpoint
from sandbox.pay.errors import PayRefusal
from sandbox.pay.payments import book, is_early, let_early_notices_out
from sandbox.pay.prepay_fields import CLOSE, PREPAY
from sandbox.pay.refunds import progress
from sandbox.pay.rows import PayOrder
from sandbox.pay.schema import canonical, wrong_field, wrong_query
from sandbox.pay.times import read_time
from sandbox.pay.views import order_view


def prepay(wechat: OfflineWeChat, _call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """A prepay_id for a new order, or once more for the same one.

    With early notifications it is paid at once, and the notice goes out before this answer.
    """
    _check_payer(wechat, body)
    prepay_id = orders.create(wechat, _order(wechat, body))
    if is_early(wechat):
        book(wechat, orders.find_order(wechat, body["out_trade_no"]))
    return {"prepay_id": prepay_id}


def query_by_out_trade_no(wechat: OfflineWeChat, call: Call, _body: dict[str, Any]) -> dict[str, Any]:
    """The order; where it was paid more than once, with its latest payment."""
    _check_mchid(wechat, call)
    progress(wechat)
    order = orders.find_order(wechat, call.path_params["out_trade_no"])
    return order_view(wechat, order, orders.latest_transaction(wechat, order))


def query_by_transaction_id(wechat: OfflineWeChat, call: Call, _body: dict[str, Any]) -> dict[str, Any]:
    """The order with this one payment."""
    _check_mchid(wechat, call)
    progress(wechat)
    transaction = wechat.state.transactions.get(call.path_params["transaction_id"])
    if transaction is None:
        raise PayRefusal("ORDER_NOT_EXIST")
    return order_view(wechat, orders.find_order(wechat, transaction.out_trade_no), transaction)


def close(wechat: OfflineWeChat, call: Call, _body: dict[str, Any]) -> None:
    """Close the order."""
    orders.close(wechat, orders.find_order(wechat, call.path_params["out_trade_no"]))


def _check_payer(wechat: OfflineWeChat, body: dict[str, Any]) -> None:
    if body["appid"] not in wechat.apps:
        raise PayRefusal("APPID_MCHID_NOT_MATCH")
    openid = body["payer"]["openid"]
    user = wechat.people.find(openid)
    if user is None:
        raise wrong_field("/payer/openid", openid, "无效的openid")
    if user.appid != body["appid"]:
        raise wrong_field("/payer/openid", openid, "appid和openid不匹配")


def _check_mchid(wechat: OfflineWeChat, call: Call) -> None:
    mchid = call.query.get("mchid")
    if not mchid:
        raise wrong_query("mchid", mchid, "缺少必填参数")
    if mchid != wechat.pay.merchant.mchid:
        raise wrong_query("mchid", mchid, "商户号与签名的商户号不一致")
    for name in call.query.keys() - {"mchid"}:
        raise wrong_query(name, call.query[name], "未定义的参数")


def _order(wechat: OfflineWeChat, body: dict[str, Any]) -> PayOrder:
    now = wechat.clock.now()
    return PayOrder(
        out_trade_no=body["out_trade_no"],
        appid=body["appid"],
        openid=body["payer"]["openid"],
        description=body["description"],
        total=body["amount"]["total"],
        currency=body["amount"].get("currency", "CNY"),
        notify_url=body["notify_url"],
        attach=body.get("attach"),
        device_id=body.get("scene_info", {}).get("device_id"),
        parameters=hashlib.sha256(canonical(body).encode()).hexdigest(),
        created_at=now,
        payable_until=_payable_until(body, now),
    )


def _payable_until(body: dict[str, Any], now: float) -> float:
    """The last moment to pay: never less than a minute away nor more than a week."""
    latest = now + orders.LONGEST_LIFE
    if "time_expire" not in body:
        return latest
    try:
        wanted = read_time(body["time_expire"])
    except ValueError:
        raise wrong_field("/time_expire", body["time_expire"], "时间格式应为yyyy-MM-DDTHH:mm:ss+08:00") from None
    return min(max(wanted, now + orders.SHORTEST_LIFE), latest)


_BY_OUT_TRADE_NO = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
TRANSACTIONS = (
    replace(endpoint("POST", "/v3/pay/transactions/jsapi", prepay, PREPAY), linger=let_early_notices_out),
    endpoint("GET", _BY_OUT_TRADE_NO, query_by_out_trade_no),
    endpoint("GET", "/v3/pay/transactions/id/{transaction_id}", query_by_transaction_id),
    endpoint("POST", f"{_BY_OUT_TRADE_NO}/close", close, CLOSE),
)
