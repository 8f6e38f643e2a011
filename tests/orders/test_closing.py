"""Rules 9 and 10: cancelled and expired orders close at WeChat first, and nothing closes that may still be paid."""

from datetime import timedelta

import pytest

from tests.orders.asking import advance_to, calls, calls_since, incidents_of, orders_of
from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, Buyer, Shop
from tests.world import gather

pytestmark = pytest.mark.anyio


async def assert_waits(shop: Shop, buyer: Buyer, order_id: str) -> None:
    """Closing is wanted and not done: nothing is given out or given back, and WeChat is asked again in 30 seconds."""
    row = await shop.row(order_id)
    assert (row.status, row.closed_at) == ("PENDING", None)
    assert row.close_wanted_at is not None
    assert row.due_at is not None
    assert timedelta(seconds=30) <= row.due_at - row.close_wanted_at < timedelta(seconds=40)
    paid = await shop.pay(buyer, order_id)
    assert (paid["code"], paid["order"]["status"], paid["order"]["canPay"]) == ("ORDER_NOT_PAYABLE", "PENDING", False)
    assert await shop.unpaid(buyer) == 1


async def test_rule_09_cancelling_closes_at_wechat_and_gives_the_stock_back_once(shop: Shop) -> None:
    # given
    buyer, tea, before = await shop.buyer(), await shop.product(stock=5), await calls(shop)
    made = await shop.ordered(buyer, tea, quantity=3)
    # when
    results = [await shop.cancel(buyer, made["order"]["id"]) for _ in range(3)]
    # then
    for result in results:
        assert (result["__typename"], result["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
        assert (result["order"]["canPay"], result["order"]["canCancel"]) == (False, False)
        assert result["order"]["payment"] == {"tradeState": "CLOSED", "transactionId": None, "paidAt": None}
        assert result["order"] == results[0]["order"]
    assert results[0]["order"]["closedAt"] is not None
    assert await calls_since(shop, before) == {"prepay": 1, "close": 1}
    assert (await shop.at_wechat(made["order"]["number"]))["tradeState"] == "CLOSED"
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (5, 0)
    assert "closed" in await shop.phone(buyer, made["paymentParams"])
    assert await shop.ledger(made["order"]["id"]) == []


async def test_rule_09_many_cancels_at_once_give_the_stock_back_once(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea, quantity=3))["order"]

    results = await gather([shop.cancel(buyer, order["id"]) for _ in range(20)])

    assert {(result["__typename"], result["order"]["status"]) for result in results} == {
        ("CancelOrderSuccess", "CLOSED")
    }
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (5, 0)


async def test_rule_09_while_the_user_is_paying_it_waits_and_then_is_paid(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    assert await shop.phone(buyer, made["paymentParams"], "paying") == "requestPayment:paying"
    # when
    result = await shop.cancel(buyer, made["order"]["id"])
    # then
    assert (result["__typename"], result["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
    await assert_waits(shop, buyer, made["order"]["id"])
    assert await shop.stock(tea) == 4
    # when
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    await shop.delivered()
    result = await shop.cancel(buyer, made["order"]["id"])
    # then
    assert (result["__typename"], result["code"], result["order"]["status"]) == (
        "OrderProblem",
        "ORDER_NOT_CANCELLABLE",
        "PAID",
    )
    assert (await shop.ledger(made["order"]["id"]), await shop.stock(tea)) == ([1250], 4)


async def test_rule_09_while_the_user_is_paying_it_waits_and_then_closes(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.phone(buyer, made["paymentParams"], "paying")
    assert (await shop.cancel(buyer, made["order"]["id"]))["code"] == "WECHAT_UNAVAILABLE"
    await shop.phone(buyer, made["paymentParams"], "cancel")

    synced = await shop.sync(buyer, made["order"]["id"])

    assert (synced["order"]["status"], await shop.stock(tea), await shop.unpaid(buyer)) == ("CLOSED", 5, 0)


async def test_rule_09_when_wechat_closes_only_after_five_minutes_it_waits(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea))["order"]
    await shop.switch(closeNeedsFiveMinutes=True)

    assert (await shop.cancel(buyer, order["id"]))["code"] == "WECHAT_UNAVAILABLE"
    await assert_waits(shop, buyer, order["id"])
    await shop.advance(300)
    result = await shop.cancel(buyer, order["id"])

    assert (result["__typename"], result["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (5, 0)


async def test_rule_09_paid_meanwhile_is_settled_and_not_cancelled(shop: Shop) -> None:
    # given: paid, and nobody told this server
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.notifications("drop")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    before = await calls(shop)
    # when
    result = await shop.cancel(buyer, made["order"]["id"])
    # then
    assert (result["__typename"], result["code"], result["recovery"]) == (
        "OrderProblem",
        "ORDER_NOT_CANCELLABLE",
        "NONE",
    )
    assert (result["order"]["status"], result["order"]["payment"]["tradeState"]) == ("PAID", "SUCCESS")
    assert await calls_since(shop, before) == {"close": 1, "query": 1}
    assert (await shop.ledger(made["order"]["id"]), await shop.stock(tea)) == ([1250], 4)
    # and again, without any question
    assert await shop.cancel(buyer, made["order"]["id"]) == result
    assert await calls_since(shop, before) == {"close": 1, "query": 1}


async def test_rule_09_what_a_query_calls_closed_is_closed(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea))["order"]
    await shop.fault("reset-after", CLOSE_PATH)
    assert (await shop.cancel(buyer, order["id"]))["code"] == "WECHAT_UNAVAILABLE"
    await assert_waits(shop, buyer, order["id"])
    assert await shop.stock(tea) == 4
    before = await calls(shop)

    synced = await shop.sync(buyer, order["id"])

    assert (synced["order"]["status"], await calls_since(shop, before)) == ("CLOSED", {"query": 1})
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (5, 0)


@pytest.mark.parametrize("code", ["ORDER_CLOSED", "ORDER_PAID", "PARAM_ERROR", "NO_AUTH"])
async def test_rule_09_a_refusal_to_close_decides_nothing_by_itself(shop: Shop, code: str) -> None:
    """Whatever WeChat says of it, its books say that the order can be paid: they count."""
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea))["order"]
    await shop.fault(f"code:{code}", CLOSE_PATH)

    result = await shop.cancel(buyer, order["id"])

    assert (result["__typename"], result["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
    await assert_waits(shop, buyer, order["id"])
    assert await shop.stock(tea) == 4
    assert (await shop.cancel(buyer, order["id"]))["order"]["status"] == "CLOSED"


async def test_rule_09_an_expired_order_closes_when_it_is_asked_about(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.phone(buyer, made["paymentParams"], "paying")
    await advance_to(shop, (await shop.row(made["order"]["id"])).expires_at, 61)

    synced = await shop.sync(buyer, made["order"]["id"])

    assert (synced["__typename"], synced["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
    await assert_waits(shop, buyer, made["order"]["id"])
    await shop.phone(buyer, made["paymentParams"], "cancel")
    await shop.advance(30)
    assert (await shop.sync(buyer, made["order"]["id"]))["order"]["status"] == "CLOSED"
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (5, 0)


async def test_rule_10_what_wechat_never_saw_closes_once_no_attempt_can_arrive(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)
    # when: WeChat answers 404 while the attempt may still arrive
    result = await shop.cancel(buyer, order.id)
    # then
    assert (result["__typename"], result["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
    await assert_waits(shop, buyer, order.id)
    assert (await shop.stock(tea), await incidents_of(shop, order.id)) == (4, [])
    # when
    await shop.advance(16)
    result = await shop.cancel(buyer, order.id)
    # then
    assert (result["__typename"], result["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
    assert (await shop.stock(tea), await shop.unpaid(buyer), await incidents_of(shop, order.id)) == (5, 0, [])


async def test_rule_10_an_attempt_that_arrived_after_all_is_closed_at_wechat(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset-after", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)

    result = await shop.cancel(buyer, order.id)

    assert (result["__typename"], result["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
    assert ((await shop.at_wechat(order.number))["tradeState"], await shop.stock(tea)) == ("CLOSED", 5)


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS", "ORDERNOTEXIST"])
async def test_rule_10_to_lose_what_has_a_prepay_id_is_an_incident_and_closes_nothing(shop: Shop, code: str) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea))["order"]
    await shop.advance(60)
    # when
    for _ in range(2):
        await shop.fault(f"code:{code}", CLOSE_PATH)
        result = await shop.cancel(buyer, order["id"])
        # then
        assert (result["__typename"], result["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
        assert await incidents_of(shop, order["id"]) == ["order_missing_at_wechat"]
    assert ((await shop.row(order["id"])).status, await shop.stock(tea), await shop.unpaid(buyer)) == ("PENDING", 4, 1)
    # when: WeChat finds it again
    result = await shop.cancel(buyer, order["id"])
    # then
    assert (result["order"]["status"], await shop.stock(tea)) == ("CLOSED", 5)


async def test_rule_10_a_query_that_finds_nothing_is_an_incident_too(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.fault("code:ORDER_NOT_EXIST", QUERY_PATH)

    synced = await shop.sync(buyer, made["order"]["id"])

    assert (synced["__typename"], synced["order"]["status"]) == ("SyncOrderSuccess", "PENDING")
    assert await incidents_of(shop, made["order"]["id"]) == ["order_missing_at_wechat"]
    assert (await shop.row(made["order"]["id"])).close_wanted_at is None
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    await shop.delivered()
    assert (await shop.show(buyer, made["order"]["id"]))["status"] == "PAID"


async def test_rule_10_a_query_that_finds_nothing_closes_nothing_that_can_still_be_paid(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)
    await shop.advance(60)

    synced = await shop.sync(buyer, order.id)

    assert (synced["order"]["status"], synced["order"]["canPay"]) == ("PENDING", True)
    assert await incidents_of(shop, order.id) == []
    assert (await shop.pay(buyer, order.id))["__typename"] == "PayOrderSuccess"


async def test_rule_10_an_expired_order_that_wechat_never_saw_closes(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)
    before = await calls(shop)
    await advance_to(shop, order.expires_at, 61)

    synced = await shop.sync(buyer, order.id)

    assert (synced["order"]["status"], synced["order"]["payment"]) == ("CLOSED", None)
    assert await calls_since(shop, before) == {"query": 1, "close": 1}
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (5, 0)
