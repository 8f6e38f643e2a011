"""`syncOrder`: WeChat is asked now, but not more than once in two seconds for an order."""

import asyncio

import pytest

from tests.orders.asking import called, calls, calls_since
from tests.shop import QUERY_PATH, Shop
from tests.world import gather

pytestmark = pytest.mark.anyio


async def test_fifty_syncs_at_once_are_one_question(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    made = await shop.ordered(buyer, tea)
    await shop.notifications("drop")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    before = await calls(shop)
    # when
    results = await gather([shop.sync(buyer, made["order"]["id"]) for _ in range(50)])
    # then
    assert await calls_since(shop, before) == {"query": 1}
    assert {(result["__typename"], result["order"]["status"]) for result in results} == {("SyncOrderSuccess", "PAID")}
    assert await shop.ledger(made["order"]["id"]) == [1250]


async def test_the_answer_is_shared_when_it_is_a_failure_too(shop: Shop) -> None:
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    before = await calls(shop)
    await shop.order("faults", {"faults": [{"path": QUERY_PATH, "fault": "http:429"}]}, "PUT")

    results = await gather([shop.sync(buyer, order["id"]) for _ in range(10)])

    assert await calls_since(shop, before) == {"query": 1}
    assert (results[0]["__typename"], results[0]["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("http:429", ("WECHAT_UNAVAILABLE", "RETRY", "FREQUENCY_LIMITED")),
        ("code:SIGN_ERROR", ("WECHAT_REJECTED", "NONE", "SIGN_ERROR")),
    ],
)
async def test_within_two_seconds_a_failure_is_the_answer_too(
    shop: Shop, fault: str, problem: tuple[str, str, str]
) -> None:
    # given: WeChat answered two seconds ago, fails once, and would answer again at once
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product())
    assert (await shop.sync(buyer, made["order"]["id"]))["order"]["status"] == "PENDING"
    await shop.advance(2)
    before = await calls(shop)
    await shop.order("faults", {"faults": [{"path": QUERY_PATH, "fault": fault}], "notifications": "drop"}, "PUT")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    # when
    results = [await shop.sync(buyer, made["order"]["id"]) for _ in range(10)]
    # then
    assert await calls_since(shop, before) == {"query": 1}
    assert {(it["code"], it["recovery"], it["errcode"]) for it in results} == {problem}
    # when
    await shop.advance(2)
    synced = await shop.sync(buyer, made["order"]["id"])
    # then
    assert await calls_since(shop, before) == {"query": 2}
    assert synced["order"]["status"] == "PAID"


async def test_within_two_seconds_what_is_known_is_the_answer(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product())
    await shop.notifications("drop")
    before = await calls(shop)
    # when
    first = await shop.sync(buyer, made["order"]["id"])
    await shop.phone(buyer, made["paymentParams"])
    second = await shop.sync(buyer, made["order"]["id"])
    await shop.advance(2)
    third = await shop.sync(buyer, made["order"]["id"])
    # then
    assert await calls_since(shop, before) == {"query": 2}
    assert [each["order"]["status"] for each in (first, second, third)] == ["PENDING", "PENDING", "PAID"]
    assert [each["order"]["payment"]["tradeState"] for each in (first, second, third)] == ["NOTPAY"] * 2 + ["SUCCESS"]


async def test_each_order_has_its_own_turn(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product()
    made = [(await shop.ordered(buyer, tea))["order"]["id"] for _ in range(5)]
    before = await calls(shop)

    await gather([shop.sync(buyer, order_id) for order_id in made * 4])

    assert await calls_since(shop, before) == {"query": 5}


async def test_a_caller_that_goes_away_takes_the_question_from_nobody(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product())
    await shop.notifications("drop")
    await shop.phone(buyer, made["paymentParams"])
    await shop.order("faults", {"faults": [{"path": QUERY_PATH, "fault": "delay:0.5"}], "notifications": "drop"}, "PUT")
    before = await calls(shop)
    # when
    leaving, staying = (asyncio.create_task(shop.sync(buyer, made["order"]["id"])) for _ in range(2))
    await called(shop, before)
    leaving.cancel()
    # then
    assert (await staying)["order"]["status"] == "PAID"
    assert await calls_since(shop, before) == {"query": 1}


async def test_an_operator_syncs_any_order(shop: Shop) -> None:
    buyer, operator = await shop.buyer(), await shop.operator()
    made = await shop.ordered(buyer, await shop.product())
    await shop.notifications("drop")
    await shop.phone(buyer, made["paymentParams"])

    result = await shop.sync(operator, made["order"]["id"])

    assert (result["__typename"], result["order"]["status"]) == ("SyncOrderSuccess", "PAID")


async def test_syncing_what_is_over_changes_nothing(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    paid = await shop.paid(buyer, tea)
    closed = (await shop.ordered(buyer, tea))["order"]
    closed = (await shop.cancel(buyer, closed["id"]))["order"]

    for order in (paid, closed):
        assert (await shop.sync(buyer, order["id"]))["order"] == order
    assert (await shop.stock(tea), await shop.ledger(paid["id"])) == (4, [1250])
