"""Faults on WeChat Pay's paths: each kind, and whether the effect took place."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from sandbox.pay.errors import ERROR_CODES
from tests.sandbox.pay.merchant_client import CLOSE, JSAPI, OUT_TRADE_NO, REFUNDS, MerchantClient
from tests.sandbox.wire import Wire, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("PARAM_ERROR", 400),
        ("ORDER_CLOSED", 400),
        ("SIGN_ERROR", 401),
        ("OUT_TRADE_NO_USED", 403),
        ("NOT_ENOUGH", 403),
        ("ORDER_NOT_EXIST", 404),
        ("ORDERNOTEXIST", 404),
        ("FREQUENCY_LIMITED", 429),
        ("SYSTEM_ERROR", 500),
        ("SERVICE_UNAVAILABLE", 503),
    ],
)
async def test_a_code_has_no_effect(merchant: MerchantClient, wire: Wire, openid: str, code: str, status: int) -> None:
    order = merchant.order(openid)
    await wire.fault(JSAPI, f"code:{code}")

    merchant.refusal(await merchant.call("POST", JSAPI, order), status, code)

    assert (await wire.state())["orders"] == []
    await merchant.prepay(order)


async def test_a_code_may_be_one_of_success(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    await wire.fault(CLOSE, "code:USERPAYING")

    answer = await merchant.close(order["out_trade_no"])

    assert answer.status_code == 202
    assert merchant.verified(answer)["code"] == "USERPAYING"
    assert answer.headers["Wechatpay-Serial"] == merchant.merchant.public_key_id
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


@pytest.mark.parametrize("code", ERROR_CODES)
async def test_every_code_may_be_ordered(merchant: MerchantClient, wire: Wire, code: str) -> None:
    await wire.fault(REFUNDS, f"code:{code}")

    answer = await merchant.refund({})

    assert answer.json()["code"] == code
    assert answer.status_code >= 202
    assert wire.server.wechat.faults.to_json()["faults"] == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_REQUEST"),
        (401, "SIGN_ERROR"),
        (403, "RULE_LIMIT"),
        (404, "RESOURCE_NOT_EXISTS"),
        (418, "INVALID_REQUEST"),
        (429, "FREQUENCY_LIMITED"),
        (500, "SYSTEM_ERROR"),
        (502, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_an_http_status_from_400_on_speaks_as_wechat_pay_does(
    merchant: MerchantClient, wire: Wire, openid: str, status: int, code: str
) -> None:
    await wire.fault(JSAPI, f"http:{status}")

    merchant.refusal(await merchant.call("POST", JSAPI, merchant.order(openid)), status, code)

    assert (await wire.state())["orders"] == []


@pytest.mark.parametrize("status", [200, 204, 302])
async def test_an_http_status_below_400_is_bare(merchant: MerchantClient, wire: Wire, openid: str, status: int) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    await wire.fault(CLOSE, f"http:{status}")

    answer = await merchant.close(order["out_trade_no"])

    assert (answer.status_code, answer.content) == (status, b"")
    assert "Wechatpay-Signature" not in answer.headers
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


@pytest.mark.parametrize("fault", ["bad-signature", "signtest"])
async def test_a_wrong_signature_is_an_effect_that_nobody_can_believe(
    merchant: MerchantClient, wire: Wire, openid: str, fault: str
) -> None:
    order = merchant.order(openid)
    await wire.fault(JSAPI, fault)

    answer = await merchant.call("POST", JSAPI, order)

    assert answer.status_code == 200
    assert answer.json()["prepay_id"]
    assert answer.headers["Wechatpay-Serial"] == merchant.merchant.public_key_id
    assert answer.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") == (fault == "signtest")
    assert not merchant.is_signed(answer)
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


async def test_a_refusal_has_no_signature_that_could_be_wrong(merchant: MerchantClient, wire: Wire) -> None:
    await wire.fault(OUT_TRADE_NO, "bad-signature")

    merchant.refusal(await merchant.query("N00001"), 404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize(("fault", "effect"), [("reset", False), ("reset-after", True)])
async def test_a_connection_is_cut_before_or_after_the_effect(
    merchant: MerchantClient, wire: Wire, openid: str, fault: str, effect: bool
) -> None:
    body = merchant.refund_of(await merchant.paid(openid))
    await wire.fault(REFUNDS, fault)

    with pytest.raises(httpx.ReadError):
        await merchant.refund(body)

    assert len((await wire.state())["refunds"]) == int(effect)
    merchant.verified(await merchant.refund(body))
    assert len((await wire.state())["refunds"]) == 1


async def test_garbage_is_an_effect_with_a_useless_answer(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await wire.fault(JSAPI, "garbage")

    answer = await merchant.call("POST", JSAPI, order)

    assert answer.status_code == 200
    assert "Wechatpay-Signature" not in answer.headers
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


async def test_a_delay_is_an_effect_with_a_late_answer(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await wire.fault(JSAPI, "delay:0.25")
    before = time.monotonic()
    late = asyncio.create_task(merchant.prepay(order))
    await wire.called(JSAPI, 1)

    # The payment overtakes the answer to the prepay.
    await wire.control("payments", {"outTradeNo": order["out_trade_no"]})
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "SUCCESS"
    assert await late
    assert time.monotonic() - before >= 0.25


async def test_an_effect_may_come_after_the_client_has_left(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await wire.fault(JSAPI, "delay-before:0.4")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await merchant.prepay(order)

    merchant.refusal(await merchant.query(order["out_trade_no"]), 404, "ORDER_NOT_EXIST")

    async def created() -> bool:
        return bool((await wire.state())["orders"])

    await until(created)
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


async def test_a_late_effect_is_answered_to_who_waits(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await wire.fault(JSAPI, "delay-before:0.2")
    before = time.monotonic()

    assert await merchant.prepay(merchant.order(openid))

    assert time.monotonic() - before >= 0.2


async def test_a_drip_is_signed_and_slow(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await wire.fault(JSAPI, "drip")
    before = time.monotonic()

    assert await merchant.prepay(merchant.order(openid))

    assert 0.6 <= time.monotonic() - before < 4


async def test_a_fault_may_hit_one_order_alone(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    hit, spared = merchant.order(openid, out_trade_no="N0000|1"), merchant.order(openid)
    for order in (hit, spared):
        await merchant.prepay(order)
    path = OUT_TRADE_NO.format(out_trade_no="N0000|1")
    faults: list[dict[str, Any]] = [
        {"path": path, "fault": "code:SYSTEM_ERROR"},
        {"path": OUT_TRADE_NO, "fault": "code:RULE_LIMIT"},
    ]
    await wire.control("faults", {"faults": faults}, "PUT")

    merchant.refusal(await merchant.query(spared["out_trade_no"]), 403, "RULE_LIMIT")
    await merchant.queried(spared["out_trade_no"])
    merchant.refusal(await merchant.query("N0000%7C1"), 500, "SYSTEM_ERROR")
    await merchant.queried("N0000%7C1")
    assert (await wire.state())["calls"][OUT_TRADE_NO] == 4
    assert (await merchant.close("N0000%7C1")).status_code == 204


BAD_ORDERS: list[dict[str, Any]] = [
    {"path": JSAPI, "fault": "errcode:-1"},
    {"path": JSAPI, "fault": "delay-before"},
    {"path": JSAPI, "fault": "delay-before:601"},
    {"path": JSAPI, "fault": "code"},
    {"path": JSAPI, "fault": "code:"},
    {"path": JSAPI, "fault": "code:UNHEARD_OF"},
    {"path": JSAPI, "fault": "code:system_error"},
    {"path": "/sns/jscode2session", "fault": "code:SYSTEM_ERROR"},
    {"path": f"{JSAPI}/more", "fault": "reset"},
    {"path": "/v3/pay/transactions/out-trade-no/", "fault": "reset"},
    {"path": "/v3/pay/transactions/out-trade-no/a/b", "fault": "reset"},
]


@pytest.mark.parametrize("order", BAD_ORDERS, ids=range(len(BAD_ORDERS)))
async def test_a_fault_that_cannot_be_is_refused(wire: Wire, order: dict[str, Any]) -> None:
    await wire.refused("faults", {"faults": [order]}, 400, "PUT")


async def test_an_early_notice_overtakes_the_answer_to_the_prepay(
    merchant: MerchantClient, wire: Wire, openid: str
) -> None:
    await wire.control("faults", {"notifications": "early"}, "PUT")
    order = merchant.order(openid)

    prepay_id = await merchant.prepay(order)

    (notice,) = (await wire.state())["notifications"]
    assert [attempt["error"] for attempt in notice["attempts"]] == ["no connection"]
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "SUCCESS"
    merchant.refusal(await merchant.call("POST", JSAPI, order), 400, "ORDER_PAID")
    # The phone has paid already, so this brings no second payment.
    assert await merchant.pay(openid, prepay_id) == "ok"
    assert len((await wire.state())["orders"][0]["transactionIds"]) == 1
