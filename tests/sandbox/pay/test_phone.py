"""wx.requestPayment: what the phone checks before it opens the cashier, and how it answers."""

import json
from typing import Any

import pytest

from tests.sandbox.pay.merchant_client import MerchantClient
from tests.sandbox.wire import TWO, Wire

pytestmark = pytest.mark.anyio

BAD_SIGNATURE = "fail payment signature verification failed"


async def test_who_cancels_has_not_paid(merchant: MerchantClient, openid: str) -> None:
    order = merchant.order(openid)
    prepay_id = await merchant.prepay(order)

    assert await merchant.pay(openid, prepay_id, outcome="cancel") == "fail cancel"

    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
    assert await merchant.pay(openid, prepay_id, outcome="ok") == "ok"


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"timeStamp": 1767225600}, "fail parameter error: parameter.timeStamp should be String"),
        ({"timeStamp": None}, "fail parameter error: parameter.timeStamp should be String"),
        ({"timeStamp": "1767225600000"}, "fail parameter error: parameter.timeStamp has a wrong length"),
        ({"timeStamp": "now"}, "fail parameter error: parameter.timeStamp is not in seconds"),
        ({"nonceStr": "n" * 33}, "fail parameter error: parameter.nonceStr has a wrong length"),
        ({"nonceStr": "another"}, BAD_SIGNATURE),
        ({"package": "prepay_id=wx1"}, BAD_SIGNATURE),
        ({"signType": "MD5"}, BAD_SIGNATURE),
        ({"signType": ""}, "fail parameter error: parameter.signType has a wrong length"),
        ({"paySign": "eA=="}, BAD_SIGNATURE),
        ({"paySign": "签名"}, BAD_SIGNATURE),
    ],
    ids=range(11),
)
async def test_what_the_phone_does_not_take(
    merchant: MerchantClient, openid: str, changed: dict[str, Any], answer: str
) -> None:
    order = merchant.order(openid)

    assert await merchant.pay(openid, await merchant.prepay(order), **changed) == answer

    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


async def test_a_parameter_is_missing(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    given = merchant.cashier(await merchant.prepay(merchant.order(openid)))
    del given["package"]

    answer = await wire.control("wx/requestPayment", {"openid": openid, **given})

    assert answer == {"errMsg": "requestPayment:fail parameter error: parameter.package should be String"}


async def test_half_a_surrogate_pair_is_no_signed_text(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    given = {**merchant.cashier("wx1"), "openid": openid, "package": "prepay_id=\ud800"}

    answer = await wire.http.post("/_sandbox/wx/requestPayment", content=json.dumps(given))

    assert answer.json() == {"errMsg": f"requestPayment:{BAD_SIGNATURE}"}


async def test_the_signature_is_for_one_app(merchant: MerchantClient, openid: str) -> None:
    prepay_id = await merchant.prepay(merchant.order(openid))

    assert await merchant.pay(openid, prepay_id, **merchant.cashier(prepay_id, TWO.appid)) == BAD_SIGNATURE


@pytest.mark.parametrize("package", ["prepay_id=wx1", "prepay_id=", "wx1"])
async def test_an_unknown_prepay_id(merchant: MerchantClient, openid: str, package: str) -> None:
    prepay_id = await merchant.prepay(merchant.order(openid))
    given = merchant.cashier(prepay_id)
    given["package"] = package
    lines = (merchant.order(openid)["appid"], given["timeStamp"], given["nonceStr"], package)
    given["paySign"] = merchant.sign("".join(f"{line}\n" for line in lines).encode())

    assert await merchant.pay(openid, prepay_id, **given) == "fail prepay_id is unknown"


async def test_nobody_pays_the_order_of_another(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    other = (await wire.control("users"))["openid"]

    assert await merchant.pay(other, await merchant.prepay(order)) == "fail the order belongs to another account"

    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"


async def test_to_pay_is_to_use_the_app(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await merchant.pay(openid, await merchant.prepay(merchant.order(openid)))

    assert wire.server.wechat.state.users[openid].seen_at == wire.server.wechat.clock.now()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"openid": "nobody"}, 404),
        ({}, 400),
        ({"outcome": "maybe"}, 400),
        ({"outcome": None}, 400),
        ({"appId": "wx"}, 400),
    ],
    ids=["nobody", "none", "outcome", "null", "unknown"],
)
async def test_a_call_that_no_phone_makes(wire: Wire, body: dict[str, Any], status: int) -> None:
    await wire.refused("wx/requestPayment", body, status)
