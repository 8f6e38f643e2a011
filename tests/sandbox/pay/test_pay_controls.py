"""Payments and refunds that a test makes by itself, the merchant's keys, and the state that tells of all."""

import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.pay.merchant_client import JSAPI, NOTIFY_URL, MerchantClient
from tests.sandbox.wire import ONE, TWO, Wire

pytestmark = pytest.mark.anyio


async def test_a_late_payment_of_a_closed_order(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    await merchant.close(order["out_trade_no"])

    payment = await wire.control("payments", {"outTradeNo": order["out_trade_no"]})

    told = await merchant.queried(order["out_trade_no"])
    assert told["trade_state"] == "SUCCESS"
    assert told["transaction_id"] == payment["transactionId"]
    assert payment == {
        "transactionId": payment["transactionId"],
        "outTradeNo": order["out_trade_no"],
        "tradeState": "SUCCESS",
        "openid": openid,
        "amount": 100,
        "currency": "CNY",
        "paidAt": "2026-01-01T08:00:00+08:00",
    }
    assert [each["outTradeNo"] for each in (await wire.state())["notifications"]] == [order["out_trade_no"]]


async def test_an_order_that_is_paid_twice(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    first = await merchant.paid(openid)
    number = first["out_trade_no"]

    second = await wire.control("payments", {"outTradeNo": number})

    assert second["transactionId"] != first["transaction_id"]
    assert (await merchant.queried(number))["transaction_id"] == second["transactionId"]
    refund = merchant.refund_of({**first, "transaction_id": second["transactionId"]}, 100)
    merchant.verified(await merchant.refund(refund))
    assert (await merchant.queried(number))["trade_state"] == "REFUND"
    target = f"/v3/pay/transactions/id/{first['transaction_id']}?mchid={merchant.merchant.mchid}"
    assert merchant.verified(await merchant.call("GET", target)) == first
    merchant.verified(await merchant.refund(merchant.refund_of(first, 100)))
    state = await wire.state()
    assert state["orders"][0]["transactionIds"] == [first["transaction_id"], second["transactionId"]]
    assert [each["eventType"] for each in state["notifications"]] == ["TRANSACTION.SUCCESS"] * 2


async def test_a_payment_that_differs_from_its_order(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    body = {"outTradeNo": order["out_trade_no"], "amount": 99, "currency": "USD", "openid": "oSomebodyElse"}

    await wire.control("payments", body)

    told = await merchant.queried(order["out_trade_no"])
    assert told["amount"] == {"total": 99, "payer_total": 99, "currency": "USD", "payer_currency": "USD"}
    assert told["payer"] == {"openid": "oSomebodyElse"}
    assert (await wire.state())["orders"][0]["amount"] == 100


@pytest.mark.parametrize("by", ["outTradeNo", "transactionId"])
async def test_a_refund_of_the_console(merchant: MerchantClient, wire: Wire, openid: str, by: str) -> None:
    paid = await merchant.paid(openid)
    body = {by: paid["out_trade_no" if by == "outTradeNo" else "transaction_id"], "amount": 30, "reason": "by hand"}

    made = await wire.control("console/refund", body)

    assert re.fullmatch(r"\d{28}", made["outRefundNo"])
    assert made == {
        "outRefundNo": made["outRefundNo"],
        "refundId": made["refundId"],
        "transactionId": paid["transaction_id"],
        "outTradeNo": paid["out_trade_no"],
        "status": "PROCESSING",
        "amount": 30,
        "total": 100,
        "reason": "by hand",
        "console": True,
        "createdAt": "2026-01-01T08:00:00+08:00",
    }
    assert (await merchant.queried(paid["out_trade_no"]))["trade_state"] == "REFUND"
    await wire.advance(30)
    assert (await merchant.refunded(made["outRefundNo"]))["status"] == "SUCCESS"
    assert [each["eventType"] for each in (await wire.state())["notifications"]] == [
        "TRANSACTION.SUCCESS",
        "REFUND.SUCCESS",
    ]
    merchant.refusal(await merchant.refund(merchant.refund_of(paid, 71)), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("payments", {}, 400),
        ("payments", {"outTradeNo": "N00001"}, 404),
        ("payments", {"outTradeNo": "PAID", "amount": 0}, 400),
        ("payments", {"outTradeNo": "PAID", "amount": "1"}, 400),
        ("payments", {"outTradeNo": "PAID", "currency": None}, 400),
        ("payments", {"outTradeNo": "PAID", "appid": "wx"}, 400),
        ("console/refund", {"amount": 1}, 400),
        ("console/refund", {"outTradeNo": "PAID"}, 400),
        ("console/refund", {"outTradeNo": "PAID", "transactionId": "1", "amount": 1}, 400),
        ("console/refund", {"outTradeNo": "PAID", "amount": 101}, 400),
        ("console/refund", {"outTradeNo": "UNPAID", "amount": 1}, 404),
        ("console/refund", {"outTradeNo": "N00001", "amount": 1}, 404),
        ("console/refund", {"transactionId": "1", "amount": 1}, 404),
        ("certificates/rotate", {"really": True}, 400),
    ],
    ids=range(14),
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    merchant: MerchantClient, wire: Wire, openid: str, path: str, body: dict[str, Any], status: int
) -> None:
    await merchant.paid(openid, out_trade_no="PAID00")
    await merchant.prepay(merchant.order(openid, out_trade_no="UNPAID"))
    assert (await wire.control("notifications/wait", {"seconds": 5}))["idle"] is True
    named = {"PAID": "PAID00"}.get(body.get("outTradeNo", ""), body.get("outTradeNo"))

    await wire.refused(path, body if named is None else {**body, "outTradeNo": named}, status)


async def test_any_sdk_can_be_configured_by_hand(merchant: MerchantClient, wire: Wire) -> None:
    shown = await wire.control("merchant", method="GET")

    mine = merchant.merchant
    (serial,) = mine.certificates
    assert shown == {
        "mchid": "1900005440",
        "serial": mine.serial,
        "privateKey": mine.private_key_pem,
        "apiv3Key": "5a4db0c5-not-a-real-apiv3-key-01",
        "publicKeyId": mine.public_key_id,
        "publicKey": mine.public_key_pem,
        "certificates": [{"serial": serial, "certificate": mine.certificates[serial]}],
        "appids": [ONE.appid, TWO.appid],
    }
    key = load_pem_private_key(shown["privateKey"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == 2048
    assert re.fullmatch(r"[0-9A-F]{40}", mine.serial)
    assert re.fullmatch(r"[0-9A-F]{40}", serial)
    assert re.fullmatch(r"PUB_KEY_ID_\d{32}", mine.public_key_id)
    assert len(mine.apiv3_key.encode()) == 32
    assert mine.private_key_pem not in repr(mine)
    assert mine.apiv3_key not in repr(mine)


async def test_the_state_tells_of_orders_refunds_and_notices(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid = await merchant.paid(openid, attach="a", time_expire="2026-01-01T08:30:00+08:00")
    refund = merchant.refund_of(paid, 40)
    await merchant.refund(refund)
    await wire.advance(30)

    state = await wire.state()

    transaction = {
        "transactionId": paid["transaction_id"],
        "outTradeNo": paid["out_trade_no"],
        "tradeState": "REFUND",
        "openid": openid,
        "amount": 100,
        "currency": "CNY",
        "paidAt": "2026-01-01T08:00:00+08:00",
    }
    assert state["orders"] == [
        {
            "outTradeNo": paid["out_trade_no"],
            "tradeState": "REFUND",
            "appid": ONE.appid,
            "openid": openid,
            "description": "一件商品",
            "amount": 100,
            "currency": "CNY",
            "attach": "a",
            "notifyUrl": NOTIFY_URL,
            "createdAt": "2026-01-01T08:00:00+08:00",
            "payableUntil": "2026-01-01T08:30:00+08:00",
            "paying": False,
            "transactionIds": [paid["transaction_id"]],
            "transactions": [transaction],
        }
    ]
    (shown,) = state["refunds"]
    assert (shown["outRefundNo"], shown["status"], shown["amount"]) == (refund["out_refund_no"], "SUCCESS", 40)
    assert (shown["transactionId"], shown["console"]) == (paid["transaction_id"], False)
    assert [each["eventType"] for each in state["notifications"]] == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    assert {each["outTradeNo"] for each in state["notifications"]} == {paid["out_trade_no"]}
    assert state["calls"][JSAPI] == 1


async def test_the_front_page_lists_the_paths_and_the_switches(wire: Wire) -> None:
    page = (await wire.http.get("/")).text

    for line in (
        "  POST /v3/pay/transactions/jsapi",
        "  GET  /v3/pay/transactions/id/{transaction_id}",
        "  GET  /v3/certificates",
    ):
        assert line in page.splitlines()
    for word in ("/_sandbox/merchant", "/_sandbox/wx/requestPayment", "oneRefundAMinute", "code:NAME"):
        assert word in page
