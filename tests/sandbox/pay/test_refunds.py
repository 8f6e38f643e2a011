"""Refunds: what is taken, how they progress, their limits, and what never makes two of one."""

import re
from typing import Any

import pytest

from tests.sandbox.pay.merchant_client import NOTIFY_URL, REFUNDS, MerchantClient
from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio


async def test_a_refund_is_in_progress_and_then_done(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid = await merchant.paid(openid)
    body = merchant.refund_of(paid, 40, reason="买错了")

    accepted = merchant.verified(await merchant.refund(body))

    assert re.fullmatch(r"5030\d{24}", accepted["refund_id"])
    amounts = {"payer_total": 100, "payer_refund": 40, "settlement_total": 100, "settlement_refund": 40}
    assert accepted == {
        "refund_id": accepted["refund_id"],
        "out_refund_no": body["out_refund_no"],
        "transaction_id": paid["transaction_id"],
        "out_trade_no": paid["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": "2026-01-01T08:00:00+08:00",
        "status": "PROCESSING",
        "funds_account": "AVAILABLE",
        "promotion_detail": [],
        "amount": {
            "total": 100,
            "refund": 40,
            **amounts,
            "from": [],
            "discount_refund": 0,
            "refund_fee": 0,
            "currency": "CNY",
        },
    }
    await wire.advance(29)
    assert await merchant.refunded(body["out_refund_no"]) == accepted
    await wire.advance(1)
    done = {**accepted, "status": "SUCCESS", "success_time": "2026-01-01T08:00:30+08:00"}
    assert await merchant.refunded(body["out_refund_no"]) == done


async def test_an_order_is_refunded_from_the_first_fen_on(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid = await merchant.paid(openid)

    await merchant.refund(merchant.refund_of(paid, 1))

    expected = {**paid, "trade_state": "REFUND", "trade_state_desc": "转入退款"}
    assert await merchant.queried(paid["out_trade_no"]) == expected
    await wire.advance(30)
    assert await merchant.queried(paid["out_trade_no"]) == expected


async def test_every_documented_field_is_taken(merchant: MerchantClient, openid: str) -> None:
    paid = await merchant.paid(openid)
    goods = {"merchant_goods_id": "1", "unit_price": 40, "refund_amount": 40, "refund_quantity": 1}
    amount = {"refund": 40, "total": 100, "currency": "CNY", "from": [{"account": "AVAILABLE", "amount": 40}]}
    body = merchant.refund_of(
        paid, out_refund_no="R|*@_-1", funds_account="AVAILABLE", amount=amount, goods_detail=[goods]
    )

    merchant.verified(await merchant.refund(body))

    assert (await merchant.refunded("R%7C*@_-1"))["amount"]["refund"] == 40


async def test_an_order_may_be_named_by_its_own_number(merchant: MerchantClient, openid: str) -> None:
    paid = await merchant.paid(openid)
    body = merchant.refund_of(paid, out_trade_no=paid["out_trade_no"])
    del body["transaction_id"]

    assert merchant.verified(await merchant.refund(body))["transaction_id"] == paid["transaction_id"]


async def test_the_same_request_is_the_same_refund(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid = await merchant.paid(openid)
    body = merchant.refund_of(paid, 100)
    first = merchant.verified(await merchant.refund(body))

    assert merchant.verified(await merchant.refund(dict(reversed(body.items())))) == first

    await wire.advance(30)
    assert merchant.verified(await merchant.refund(body))["status"] == "SUCCESS"
    assert len((await wire.state())["refunds"]) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": {"refund": 41, "total": 100, "currency": "CNY"}},
        {"reason": "other"},
        {"notify_url": f"{NOTIFY_URL}/other"},
    ],
    ids=["amount", "reason", "notify_url"],
)
async def test_one_number_is_one_refund(
    merchant: MerchantClient, wire: Wire, openid: str, changed: dict[str, Any]
) -> None:
    body = merchant.refund_of(await merchant.paid(openid))
    await merchant.refund(body)
    before = (await wire.state())["refunds"]

    merchant.refusal(await merchant.refund({**body, **changed}), 400, "INVALID_REQUEST")

    assert (await wire.state())["refunds"] == before


async def test_the_parts_are_never_more_than_the_whole(merchant: MerchantClient, openid: str) -> None:
    paid = await merchant.paid(openid)

    merchant.verified(await merchant.refund(merchant.refund_of(paid, 60)))
    merchant.refusal(await merchant.refund(merchant.refund_of(paid, 41)), 400, "INVALID_REQUEST")
    merchant.verified(await merchant.refund(merchant.refund_of(paid, 40)))
    merchant.refusal(await merchant.refund(merchant.refund_of(paid, 1)), 400, "INVALID_REQUEST")


async def test_there_are_fifty_parts(merchant: MerchantClient, openid: str) -> None:
    paid = await merchant.paid(openid)

    for _ in range(50):
        merchant.verified(await merchant.refund(merchant.refund_of(paid, 1)))

    merchant.refusal(await merchant.refund(merchant.refund_of(paid, 1)), 400, "INVALID_REQUEST")


async def test_the_total_is_what_was_paid(merchant: MerchantClient, openid: str) -> None:
    paid = await merchant.paid(openid)
    body = merchant.refund_of(paid, amount={"refund": 1, "total": 99, "currency": "CNY"})

    merchant.refusal(await merchant.refund(body), 400, "INVALID_REQUEST")


async def test_a_payment_can_be_refunded_for_a_year(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    paid = await merchant.paid(openid)
    await wire.advance(365 * 86400)
    merchant.verified(await merchant.refund(merchant.refund_of(paid, 1)))
    await wire.advance(1)

    merchant.refusal(await merchant.refund(merchant.refund_of(paid, 1)), 403, "TRADE_OVERDUE")


async def test_what_was_never_paid_is_not_there(merchant: MerchantClient, wire: Wire, openid: str) -> None:
    order = merchant.order(openid)
    await merchant.prepay(order)
    unpaid = {"transaction_id": "4200000000000000000000000000", "amount": {"total": 100}}

    merchant.refusal(await merchant.refund(merchant.refund_of(unpaid)), 404, "RESOURCE_NOT_EXISTS")
    for number in (order["out_trade_no"], "N00001"):
        body = merchant.refund_of(unpaid, out_trade_no=number)
        del body["transaction_id"]
        merchant.refusal(await merchant.refund(body), 404, "RESOURCE_NOT_EXISTS")
    merchant.refusal(await merchant.call("GET", f"{REFUNDS}/R1"), 404, "RESOURCE_NOT_EXISTS")
    assert (await wire.state())["refunds"] == []


WRONG_FIELDS: list[dict[str, Any]] = [
    {"out_refund_no": ""},
    {"out_refund_no": "R" * 65},
    {"out_refund_no": "R#1"},
    {"reason": "r" * 81},
    {"reason": None},
    {"notify_url": "https://example.com/?a"},
    {"funds_account": "BASIC"},
    {"amount": {"refund": 0, "total": 100, "currency": "CNY"}},
    {"amount": {"refund": 1.5, "total": 100, "currency": "CNY"}},
    {"amount": {"refund": 1, "total": 100}},
    {"amount": {"refund": 1, "total": 100, "currency": "USD"}},
    {"out_trade_no": "N00001"},
    {"attach": "a"},
    {"goods_detail": []},
]


@pytest.mark.parametrize("changed", WRONG_FIELDS, ids=range(len(WRONG_FIELDS)))
async def test_a_wrong_field_is_refused(
    merchant: MerchantClient, wire: Wire, openid: str, changed: dict[str, Any]
) -> None:
    body = merchant.refund_of(await merchant.paid(openid), **changed)

    merchant.refusal(await merchant.refund(body), 400, "PARAM_ERROR")

    assert (await wire.state())["refunds"] == []
