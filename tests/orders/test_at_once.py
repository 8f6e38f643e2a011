"""Acceptance 5: fifty at once with one key, for one order, for the last item."""

import base64
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.orders.asking import beside, calls, calls_since, incidents_of, orders_of
from tests.shop import CREATE, PAY, PREPAY_PATH, Shop
from tests.world import gather

pytestmark = pytest.mark.anyio
FIFTY = 50


def assert_valid_and_different(shop: Shop, results: list[dict[str, Any]]) -> None:
    """Each signed by the merchant, for the mini program of the order. Raises InvalidSignature."""
    params = [result["paymentParams"] for result in results]
    key = load_pem_private_key(shop.sandbox.wechat.pay.merchant.private_key_pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    for each in params:
        message = "\n".join([shop.appids[0], each["timeStamp"], each["nonceStr"], each["package"], ""])
        signature = base64.b64decode(each["paySign"], validate=True)
        key.public_key().verify(signature, message.encode(), PKCS1v15(), SHA256())
        assert each["signType"] == "RSA"
    assert len({each["nonceStr"] for each in params}) == len(params)
    assert len({each["package"] for each in params}) == 1


@pytest.mark.parametrize("is_first_lost", [False, True], ids=["all is well", "the first answer is lost"])
async def test_rule_04_fifty_creates_with_one_key_are_one_order(shop: Shop, is_first_lost: bool) -> None:
    # given
    buyer, tea, before = await shop.buyer(), await shop.product(1250, stock=FIFTY), await calls(shop)
    if is_first_lost:
        await shop.fault("reset-after", PREPAY_PATH)
        assert (await shop.create(buyer, tea, key="one", expectedTotal=1250))["code"] == "WECHAT_UNAVAILABLE"
    # when
    results = await gather([shop.ordered(buyer, tea, key="one", expectedTotal=1250) for _ in range(FIFTY)])
    # then
    [order] = await orders_of(shop, buyer.user_id)
    assert all(result["order"] == results[0]["order"] for result in results)
    assert (results[0]["order"]["id"], results[0]["order"]["status"]) == (order.id, "PENDING")
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (FIFTY - 1, 1)
    assert await calls_since(shop, before) == {"prepay": 2 if is_first_lost else 1}
    assert_valid_and_different(shop, results)
    for result in results[:5]:
        assert await shop.phone(buyer, result["paymentParams"], "cancel") == "requestPayment:fail cancel"
    assert await shop.phone(buyer, results[-1]["paymentParams"]) == "requestPayment:ok"
    await shop.delivered()
    assert await shop.ledger(order.id) == [1250]


@pytest.mark.parametrize("has_prepay_id", [True, False], ids=["with a prepay_id", "without one yet"])
async def test_rule_08_fifty_pays_are_one_trade_number(shop: Shop, has_prepay_id: bool) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=3)
    if not has_prepay_id:
        await shop.fault("reset", PREPAY_PATH)
    await shop.create(buyer, tea, key="one")
    [order] = await orders_of(shop, buyer.user_id)
    before = await calls(shop)
    # when
    results = await gather([shop.pay(buyer, order.id) for _ in range(FIFTY)])
    # then
    assert Counter(result["__typename"] for result in results) == {"PayOrderSuccess": FIFTY}
    assert {result["order"]["number"] for result in results} == {order.number}
    assert await calls_since(shop, before) == ({} if has_prepay_id else {"prepay": 1})
    assert [each["outTradeNo"] for each in (await shop.state())["orders"] if each["openid"] == buyer.openid] == [
        order.number
    ]
    assert_valid_and_different(shop, results)
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (2, 1)


async def test_rule_08_two_servers_make_parameters_for_one_trade_number(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=3)
    await shop.fault("reset", PREPAY_PATH)
    await shop.create(buyer, tea, key="one")
    [order] = await orders_of(shop, buyer.user_id)
    # when
    async with beside(shop) as mutate:
        here = [shop.pay(buyer, order.id) for _ in range(5)]
        there = [mutate(PAY, buyer, {"id": order.id}) for _ in range(5)]
        results = await gather([*here, *there])
    # then
    assert Counter(result["__typename"] for result in results) == {"PayOrderSuccess": 10}
    assert {result["order"]["number"] for result in results} == {order.number}
    for result in results:
        assert await shop.phone(buyer, result["paymentParams"], "cancel") == "requestPayment:fail cancel"
    row = await shop.row(order.id)
    assert f"prepay_id={row.prepay_id}" in {result["paymentParams"]["package"] for result in results}
    assert await incidents_of(shop, order.id) == []
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (2, 1)


async def test_rule_04_two_servers_make_one_order_of_one_key(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=3)
    wanted = {"items": [{"productId": tea.id, "quantity": 1}], "idempotencyKey": "one"}

    async with beside(shop) as mutate:
        here = [shop.create(buyer, tea, key="one") for _ in range(5)]
        there = [mutate(CREATE, buyer, {"input": wanted}) for _ in range(5)]
        results = await gather([*here, *there])

    assert Counter(result["__typename"] for result in results) == {"CreateOrderSuccess": 10}
    [order] = await orders_of(shop, buyer.user_id)
    assert {result["order"]["id"] for result in results} == {order.id}
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (2, 1)


async def test_rule_05_the_last_item_is_sold_once_to_fifty(shop: Shop) -> None:
    # given
    buyers = await gather([shop.buyer() for _ in range(FIFTY)])
    tea = await shop.product(1250, stock=1)
    # when
    results = await gather([shop.create(buyer, tea, key="one") for buyer in buyers])
    # then
    assert Counter(result["__typename"] for result in results) == {"CreateOrderSuccess": 1, "OutOfStock": FIFTY - 1}
    assert {result["available"] for result in results if result["__typename"] == "OutOfStock"} == {0}
    assert await shop.stock(tea) == 0
    winner = next(place for place, result in enumerate(results) if result["__typename"] == "CreateOrderSuccess")
    assert [await shop.unpaid(buyer) for buyer in buyers] == [int(place == winner) for place in range(FIFTY)]
    # and what the winner gives back, one other gets
    assert (await shop.cancel(buyers[winner], results[winner]["order"]["id"]))["order"]["status"] == "CLOSED"
    again = await gather([shop.create(buyer, tea, key="one") for buyer in buyers if buyer is not buyers[winner]])
    assert Counter(result["__typename"] for result in again) == {"CreateOrderSuccess": 1, "OutOfStock": FIFTY - 2}
    assert await shop.stock(tea) == 0


async def test_paying_and_cancelling_at_once_end_in_one_of_both(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=10)
    made = [await shop.ordered(buyer, tea) for _ in range(10)]

    await gather(
        [
            step
            for each in made
            for step in (
                shop.phone(buyer, each["paymentParams"]),
                shop.cancel(buyer, each["order"]["id"]),
                shop.sync(buyer, each["order"]["id"]),
            )
        ]
    )
    await shop.delivered()

    states = [(await shop.show(buyer, each["order"]["id"]))["status"] for each in made]
    assert set(states) <= {"PAID", "CLOSED"}
    for each, state in zip(made, states, strict=True):
        at_wechat = (await shop.at_wechat(each["order"]["number"]))["tradeState"]
        assert (state, at_wechat) in {("PAID", "SUCCESS"), ("CLOSED", "CLOSED")}
        assert await shop.ledger(each["order"]["id"]) == ([1250] if state == "PAID" else [])
    assert await shop.stock(tea) == 10 - states.count("PAID")
    assert await shop.unpaid(buyer) == 0
