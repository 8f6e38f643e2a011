"""Switches: rules that WeChat Pay applies at times."""

from typing import Any

import pytest

from tests.sandbox.pay.merchant_client import CERTIFICATES, MerchantClient
from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio

OFF = {
    "closeNeedsFiveMinutes": False,
    "oneRefundAMinute": False,
    "notEnough": False,
    "refundOutcome": "SUCCESS",
    "publicKeyOnly": False,
    "signtestShare": 0,
    "notifyWith": "public-key",
}


async def test_all_are_off_and_what_is_not_named_is_off_again(wire: Wire) -> None:
    assert await wire.control("switches", method="GET") == OFF
    assert await wire.control("switches", {"notEnough": True, "signtestShare": 0.5}, "PUT") == {
        **OFF,
        "notEnough": True,
        "signtestShare": 0.5,
    }
    assert await wire.control("switches", {"oneRefundAMinute": True}, "PUT") == {**OFF, "oneRefundAMinute": True}
    assert await wire.control("switches", method="GET") == {**OFF, "oneRefundAMinute": True}
    await wire.control("reset")
    assert await wire.control("switches", method="GET") == OFF


@pytest.mark.parametrize(
    "body",
    [
        {"notEnough": 1},
        {"notEnough": None},
        {"refundOutcome": "PROCESSING"},
        {"refundOutcome": None},
        {"signtestShare": 1.1},
        {"signtestShare": -1},
        {"signtestShare": True},
        {"signtestShare": "1"},
        {"unknown": True},
        [],
    ],
    ids=range(10),
)
async def test_a_bad_order_changes_nothing(wire: Wire, body: Any) -> None:
    await wire.control("switches", {"publicKeyOnly": True}, "PUT")

    await wire.refused("switches", body, 400, "PUT")

    assert await wire.control("switches", method="GET") == {**OFF, "publicKeyOnly": True}


async def test_an_order_may_be_too_young_to_be_closed(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await wire.control("switches", {"closeNeedsFiveMinutes": True}, "PUT")
    order = merchant.order(openid)
    await merchant.prepay(order)
    await wire.advance(299)
    merchant.refusal(await merchant.close(order["out_trade_no"]), 429, "FREQUENCY_LIMITED")
    assert (await merchant.queried(order["out_trade_no"]))["trade_state"] == "NOTPAY"
    await wire.advance(1)

    assert (await merchant.close(order["out_trade_no"])).status_code == 204


async def test_an_order_may_have_one_refund_request_a_minute(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    await wire.control("switches", {"oneRefundAMinute": True}, "PUT")
    paid, other = await merchant.paid(openid), await merchant.paid(openid)
    first, second = merchant.refund_of(paid, 1), merchant.refund_of(paid, 2)
    merchant.verified(await merchant.refund(first))
    await wire.advance(59)

    for body in (first, second):
        merchant.refusal(await merchant.refund(body), 429, "FREQUENCY_LIMITED")
    merchant.verified(await merchant.refund(merchant.refund_of(other, 1)))
    assert len((await wire.state())["refunds"]) == 2
    await wire.advance(1)
    merchant.verified(await merchant.refund(second))
    merchant.refusal(await merchant.refund(first), 429, "FREQUENCY_LIMITED")


async def test_a_merchant_may_be_out_of_money(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid = await merchant.paid(openid)
    kept = merchant.refund_of(paid, 1)
    merchant.verified(await merchant.refund(kept))
    await wire.control("switches", {"notEnough": True}, "PUT")
    body = merchant.refund_of(paid, 2)

    merchant.refusal(await merchant.refund(body), 403, "NOT_ENOUGH")

    merchant.verified(await merchant.refund(kept))
    assert len((await wire.state())["refunds"]) == 1
    await wire.control("switches", {}, "PUT")
    merchant.verified(await merchant.refund(body))


@pytest.mark.parametrize(("outcome", "released"), [("ABNORMAL", False), ("CLOSED", True)])
async def test_a_refund_may_end_otherwise(
    merchant: MerchantClient, wire: Wire, openid: str, outcome: str, released: bool
) -> None:
    await wire.control("switches", {"refundOutcome": outcome}, "PUT")
    paid = await merchant.paid(openid)
    body = merchant.refund_of(paid, 100)
    await merchant.refund(body)
    await wire.advance(30)

    refund = await merchant.refunded(body["out_refund_no"])

    assert refund["status"] == outcome
    assert "success_time" not in refund
    assert (await merchant.queried(paid["out_trade_no"]))["trade_state"] == "REFUND"
    again = await merchant.refund(merchant.refund_of(paid, 100))
    if released:
        merchant.verified(again)
    else:
        merchant.refusal(again, 400, "INVALID_REQUEST")


async def test_answers_may_be_signed_wrongly_on_purpose(merchant: MerchantClient, wire: Wire) -> None:
    await wire.control("switches", {"signtestShare": 1}, "PUT")

    answer = await merchant.call("GET", CERTIFICATES)

    assert answer.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert not merchant.is_signed(answer)
    await wire.control("switches", {"signtestShare": 0.5}, "PUT")
    signed = [merchant.is_signed(await merchant.call("GET", CERTIFICATES)) for _ in range(40)]
    assert 5 < signed.count(True) < 35
