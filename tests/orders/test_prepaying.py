"""Rules 7, 8, 10, 11 and 12: the order stands before WeChat hears of it, and a prepay_id is made once."""

import asyncio
from datetime import timedelta

import pytest

from tests.databases import Databases
from tests.orders.asking import called, calls, calls_since, incidents_of, orders_of
from tests.shop import CLOSE_PATH, PREPAY_PATH, Shop, open_shop

pytestmark = pytest.mark.anyio


async def test_rule_07_the_order_is_committed_before_wechat_is_called(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=3)
    await shop.fault("reset", PREPAY_PATH)
    # when
    result = await shop.create(buyer, tea, key="k")
    # then
    assert (result["__typename"], result["code"], result["recovery"]) == (
        "WeChatProblem",
        "WECHAT_UNAVAILABLE",
        "RETRY",
    )
    [order] = await orders_of(shop, buyer.user_id)
    assert (order.status, order.prepay_id, order.total) == ("PENDING", None, 1250)
    assert order.due_at == order.created_at + timedelta(seconds=5)
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (2, 1)
    assert order.number not in [each["outTradeNo"] for each in (await shop.state())["orders"]]
    # when: the key resumes it
    made = await shop.ordered(buyer, tea, key="k")
    # then
    assert (made["order"]["id"], made["order"]["number"]) == (order.id, order.number)
    assert await shop.phone(buyer, made["paymentParams"], "cancel") == "requestPayment:fail cancel"
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (2, 1)


async def test_rule_07_it_is_there_while_wechat_is_still_being_asked(shop: Shop) -> None:
    buyer, tea, before = await shop.buyer(), await shop.product(stock=3), await calls(shop)
    await shop.fault("delay:0.5", PREPAY_PATH)

    creating = asyncio.create_task(shop.ordered(buyer, tea, key="k"))
    await called(shop, before)
    [order] = await orders_of(shop, buyer.user_id)

    assert (order.status, order.prepay_id) == ("PENDING", None)
    assert order.attempt_until is not None
    assert order.attempt_until >= order.created_at + timedelta(seconds=15)
    assert (await shop.show(buyer, order.id))["payment"] is None
    assert (await creating)["order"]["id"] == order.id


async def test_rule_08_a_stored_prepay_id_is_only_signed_again(shop: Shop) -> None:
    buyer, tea, before = await shop.buyer(), await shop.product(), await calls(shop)

    made = await shop.ordered(buyer, tea, key="k")
    others = [await shop.pay(buyer, made["order"]["id"]) for _ in range(3)] + [await shop.ordered(buyer, tea, key="k")]

    assert await calls_since(shop, before) == {"prepay": 1}
    assert {other["paymentParams"]["package"] for other in others} == {made["paymentParams"]["package"]}
    assert len({other["paymentParams"]["paySign"] for other in others}) == 4
    for other in others:
        assert other["order"] == made["order"]
        assert await shop.phone(buyer, other["paymentParams"], "cancel") == "requestPayment:fail cancel"


async def test_rule_08_the_same_bytes_are_sent_while_no_prepay_id_is_stored(shop: Shop) -> None:
    buyer, tea, before = await shop.buyer(), await shop.product(1250), await calls(shop)
    for fault in ("reset", "reset-after", "http:500"):
        await shop.fault(fault, PREPAY_PATH)
        assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"

    made = await shop.ordered(buyer, tea, key="k")

    assert await calls_since(shop, before) == {"prepay": 4}
    assert [order.number for order in await orders_of(shop, buyer.user_id)] == [made["order"]["number"]]
    assert await incidents_of(shop, made["order"]["id"]) == []
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"


async def test_rule_08_a_late_prepay_answer_is_dropped_and_closed_again(shop: Shop) -> None:
    # given: WeChat made the prepay_id, and its answer is on the way
    buyer, tea, before = await shop.buyer(), await shop.product(stock=3), await calls(shop)
    await shop.fault("delay:1", PREPAY_PATH)
    creating = asyncio.create_task(shop.create(buyer, tea, key="k"))
    await called(shop, before)
    [order] = await orders_of(shop, buyer.user_id)
    # when
    cancelled = await shop.cancel(buyer, order.id)
    # then
    assert (cancelled["__typename"], cancelled["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
    assert not creating.done()
    # when
    created = await creating
    # then
    assert (created["__typename"], created["code"], created["order"]["status"]) == (
        "OrderProblem",
        "ORDER_NOT_PAYABLE",
        "CLOSED",
    )
    assert await calls_since(shop, before) == {"prepay": 1, "close": 2}
    assert (await shop.row(order.id)).prepay_id is None
    assert (await shop.at_wechat(order.number))["tradeState"] == "CLOSED"
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (3, 0)


async def test_rule_08_a_late_prepay_answer_is_dropped_while_the_close_is_unknown(shop: Shop) -> None:
    # given
    buyer, tea, before = await shop.buyer(), await shop.product(stock=3), await calls(shop)
    faults = [{"path": PREPAY_PATH, "fault": "delay:1"}, {"path": CLOSE_PATH, "fault": "http:500"}]
    await shop.order("faults", {"faults": faults}, "PUT")
    creating = asyncio.create_task(shop.create(buyer, tea, key="k"))
    await called(shop, before)
    [order] = await orders_of(shop, buyer.user_id)
    # when
    cancelled = await shop.cancel(buyer, order.id)
    # then
    assert (cancelled["__typename"], cancelled["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
    assert not creating.done()
    # when: the late answer comes, it is dropped, and close is asked for once more
    created = await creating
    # then
    assert (created["__typename"], created["code"]) == ("OrderProblem", "ORDER_NOT_PAYABLE")
    assert await calls_since(shop, before) == {"prepay": 1, "close": 2}
    row = await shop.row(order.id)
    assert (row.prepay_id, row.status) == (None, "CLOSED")
    assert ((await shop.at_wechat(order.number))["tradeState"], await shop.stock(tea)) == ("CLOSED", 3)


async def test_rule_08_a_caller_that_goes_away_cancels_no_prepay(shop: Shop) -> None:
    # given
    buyer, tea, before = await shop.buyer(), await shop.product(), await calls(shop)
    await shop.fault("delay:0.3", PREPAY_PATH)
    creating = asyncio.create_task(shop.create(buyer, tea, key="k"))
    await called(shop, before)
    # when
    creating.cancel()
    made = await shop.ordered(buyer, tea, key="k")
    # then
    assert await calls_since(shop, before) == {"prepay": 1}
    [order] = await orders_of(shop, buyer.user_id)
    assert (made["order"]["id"], made["paymentParams"]["package"]) == (order.id, f"prepay_id={order.prepay_id}")


async def test_rule_08_what_is_paid_before_the_prepay_answer_arrives_is_paid(shop: Shop) -> None:
    """The notice overtakes the answer; nobody is given parameters for a paid order."""
    buyer, tea, before = await shop.buyer(), await shop.product(stock=3), await calls(shop)
    await shop.fault("delay:1", PREPAY_PATH)
    creating = asyncio.create_task(shop.create(buyer, tea, key="k"))
    await called(shop, before)
    [order] = await orders_of(shop, buyer.user_id)

    await shop.order("payments", {"outTradeNo": order.number})
    await shop.delivered()
    created = await creating

    assert (created["__typename"], created["code"], created["order"]["status"]) == (
        "OrderProblem",
        "ORDER_NOT_PAYABLE",
        "PAID",
    )
    assert await calls_since(shop, before) == {"prepay": 1}
    assert await shop.ledger(order.id) == [1250]
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (2, 0)


@pytest.mark.parametrize(
    "fault",
    ["code:PARAM_ERROR", "code:INVALID_REQUEST", "code:NO_AUTH", "code:RULE_LIMIT", "code:SIGN_ERROR", "http:404"],
)
async def test_rule_11_a_definite_refusal_of_the_first_prepay_closes_the_order(shop: Shop, fault: str) -> None:
    # given
    buyer, tea, before = await shop.buyer(), await shop.product(stock=3), await calls(shop)
    await shop.fault(fault, PREPAY_PATH)
    # when
    result = await shop.create(buyer, tea, key="k")
    # then
    assert (result["__typename"], result["code"], result["recovery"]) == ("WeChatProblem", "WECHAT_REJECTED", "NONE")
    [order] = await orders_of(shop, buyer.user_id)
    assert (order.status, order.prepay_id, order.due_at) == ("CLOSED", None, None)
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (3, 0)
    assert await calls_since(shop, before) == {"prepay": 1, "close": 1}
    assert await incidents_of(shop, order.id) == []
    # and: the key is used up, another is not
    again = await shop.create(buyer, tea, key="k")
    assert (again["code"], again["order"]["status"]) == ("ORDER_NOT_PAYABLE", "CLOSED")
    assert (await shop.ordered(buyer, tea, key="k2"))["order"]["status"] == "PENDING"


async def test_rule_11_a_refusal_while_an_earlier_attempt_may_arrive_waits_with_the_closing(shop: Shop) -> None:
    # given: one attempt that WeChat never answered
    buyer, tea = await shop.buyer(), await shop.product(stock=3)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    # when: the next is refused
    await shop.fault("code:PARAM_ERROR", PREPAY_PATH)
    result = await shop.create(buyer, tea, key="k")
    # then
    assert result["code"] == "WECHAT_REJECTED"
    [order] = await orders_of(shop, buyer.user_id)
    assert (order.status, await shop.stock(tea), await shop.unpaid(buyer)) == ("PENDING", 2, 1)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "ORDER_NOT_PAYABLE"
    # when: no attempt can be under way any more
    await shop.advance(16)
    synced = await shop.sync(buyer, order.id)
    # then
    assert (synced["order"]["status"], await shop.stock(tea), await shop.unpaid(buyer)) == ("CLOSED", 3, 0)


async def test_rule_11_a_refusal_of_what_wechat_has_closes_it_there_too(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=3)
    await shop.fault("reset-after", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    await shop.fault("code:PARAM_ERROR", PREPAY_PATH)

    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_REJECTED"

    [order] = await orders_of(shop, buyer.user_id)
    assert (order.status, (await shop.at_wechat(order.number))["tradeState"]) == ("CLOSED", "CLOSED")
    assert await shop.stock(tea) == 3


@pytest.mark.parametrize("has_arrived", [True, False], ids=["known to WeChat", "not known to WeChat"])
async def test_rule_11_a_used_number_is_asked_about_and_an_incident(shop: Shop, has_arrived: bool) -> None:
    # given
    buyer, tea, before = await shop.buyer(), await shop.product(stock=3), await calls(shop)
    await shop.fault("reset-after" if has_arrived else "reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    await shop.fault("code:OUT_TRADE_NO_USED", PREPAY_PATH)
    # when
    result = await shop.create(buyer, tea, key="k")
    # then
    assert (result["__typename"], result["code"]) == ("WeChatProblem", "WECHAT_REJECTED")
    [order] = await orders_of(shop, buyer.user_id)
    assert (order.status, order.prepay_id, await shop.stock(tea)) == ("PENDING", None, 2)
    assert await incidents_of(shop, order.id) == ["number_used"]
    assert await calls_since(shop, before) == {"prepay": 2, "query": 1}


async def test_rule_11_a_used_number_that_was_paid_settles(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product()
    await shop.fault("reset-after", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)
    await shop.notifications("drop")
    await shop.order("payments", {"outTradeNo": order.number})
    await shop.fault("code:OUT_TRADE_NO_USED", PREPAY_PATH)

    result = await shop.create(buyer, tea, key="k")

    assert (result["code"], result["order"]["status"]) == ("ORDER_NOT_PAYABLE", "PAID")
    assert (await incidents_of(shop, order.id), await shop.ledger(order.id)) == (["number_used"], [1250])


async def test_rule_12_prepay_of_what_was_paid_meanwhile_settles_it(shop: Shop) -> None:
    buyer, tea, before = await shop.buyer(), await shop.product(), await calls(shop)
    await shop.fault("reset-after", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)
    await shop.notifications("drop")
    await shop.order("payments", {"outTradeNo": order.number})

    result = await shop.pay(buyer, order.id)

    assert (result["__typename"], result["code"], result["order"]["status"]) == (
        "OrderProblem",
        "ORDER_NOT_PAYABLE",
        "PAID",
    )
    assert await calls_since(shop, before) == {"prepay": 2, "query": 1}
    assert await incidents_of(shop, order.id) == []


async def test_rule_10_an_attempt_lasts_as_long_as_its_call_may_take(shared_databases: Databases) -> None:
    slow = {"wechat_timeout": 10, "operation_timeout": 43, "pay_public_key_id": None, "pay_public_key_file": None}
    async with open_shop(shared_databases.fresh(), **slow) as shop:
        # given: certificates and a prepay, each after its queue, take up to 25 seconds
        buyer, tea = await shop.buyer(), await shop.product(stock=3)
        await shop.fault("reset", PREPAY_PATH)
        assert (await shop.create(buyer, tea))["code"] == "WECHAT_UNAVAILABLE"
        [order] = await orders_of(shop, buyer.user_id)
        # when
        await shop.advance(24)
        early = await shop.cancel(buyer, order.id)
        # then: it might still arrive
        assert (early["code"], (await shop.row(order.id)).status) == ("WECHAT_UNAVAILABLE", "PENDING")
        # when
        await shop.advance(10)
        late = await shop.cancel(buyer, order.id)
        # then
        assert (late["order"]["status"], await shop.stock(tea)) == ("CLOSED", 3)
