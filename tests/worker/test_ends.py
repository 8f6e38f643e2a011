"""Rules 9 and 10: the worker closes what is over or unwanted, at WeChat first; and what came too late goes back."""

import asyncio

import pytest

from domain.orders import closes_at
from models.orders import Order
from tests.orders.asking import advance_to
from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, REFUND_PATH, Buyer, Shop
from tests.worker.sweeping import JITTER, sweep, sweep_at
from tests.world import quiet

pytestmark = pytest.mark.anyio


async def the_order(shop: Shop) -> Order:
    async def found() -> list[Order]:
        return await Order.all()

    [order] = await shop.read(found)
    return order


async def paying(shop: Shop) -> tuple[Buyer, Order]:
    """Somebody types the password since just before the end."""
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product(stock=5))
    row = await shop.row(made["order"]["id"])
    await advance_to(shop, row.expires_at, -20)
    assert await shop.phone(buyer, made["paymentParams"], "paying") == "requestPayment:paying"
    _ = await sweep(shop)
    return buyer, row


async def test_who_is_still_paying_is_asked_about_each_half_minute(shop: Shop) -> None:
    # given
    _, row = await paying(shop)
    assert await sweep_at(shop, closes_at(row.expires_at), JITTER + 0.5) == {"close": 1}
    # then
    for _ in range(10):
        due = (await shop.row(row.id)).due_at
        assert due is not None
        asked_at = shop.sandbox.wechat.clock.now()
        assert 28 < due.timestamp() - asked_at < 30 + JITTER + 0.1
        assert await sweep_at(shop, due, -1) == {}
        assert await sweep_at(shop, due, 0.1) == {"close": 1}
    # when: it was paid at last
    await shop.notifications("drop")
    await shop.order("payments", {"outTradeNo": row.number})
    assert await sweep_at(shop, closes_at(row.expires_at), 600) == {"close": 1, "query": 1}
    # then
    assert (await shop.row(row.id)).status == "PAID"
    assert await shop.incidents() == []
    await shop.assert_sound()


async def waits_at(shop: Shop, row: Order, *minutes: int) -> list[float]:
    """How many seconds the order waits for the next question, after one at each of these minutes behind its end."""
    waits = []
    for each in minutes:
        assert await sweep_at(shop, closes_at(row.expires_at), each * 60) == {"close": 1}
        due = (await shop.row(row.id)).due_at
        assert due is not None
        waits.append(due.timestamp() - shop.sandbox.wechat.clock.now())
    return waits


@pytest.mark.parametrize("fault", [None, "http:202", "http:429", "http:500"])
async def test_rule_09_what_wechat_does_not_close_is_asked_about_each_half_minute_for_ever(
    shop: Shop, fault: str | None
) -> None:
    _, row = await paying(shop)
    if fault is not None:
        await shop.fault(fault, CLOSE_PATH, times=4)

    waits = await waits_at(shop, row, 1, 30, 600, 3000)

    assert [round(wait) for wait in waits if not 28 < wait < 30 + JITTER + 0.1] == []


async def test_rule_10_what_wechat_does_not_know_is_asked_about_ever_more_rarely(shop: Shop) -> None:
    made = await shop.ordered(await shop.buyer(), await shop.product())
    row = await shop.row(made["order"]["id"])
    del shop.sandbox.wechat.state.orders[row.number]

    first, second, third, fourth = await waits_at(shop, row, 1, 9, 30, 600)

    assert 28 < first < 34
    assert 28 < second < 34
    assert 290 < third < 304
    assert 3590 < fourth < 3604


async def test_what_was_paid_at_the_last_moment_is_not_closed(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    row = await shop.row(made["order"]["id"])
    await shop.notifications("drop")
    await advance_to(shop, row.expires_at, -5)
    _ = await sweep(shop)
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    # when
    assert await sweep_at(shop, closes_at(row.expires_at), JITTER + 0.5) == {"close": 1, "query": 1}
    # then
    assert ((await shop.row(row.id)).status, await shop.stock(tea)) == ("PAID", 4)
    await shop.assert_sound()


async def test_an_unwanted_order_that_wechat_never_heard_of_is_closed(shop: Shop) -> None:
    # given: the prepay did not arrive, but might still
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea))["code"] == "WECHAT_UNAVAILABLE"
    order = await the_order(shop)
    # when
    assert (await shop.cancel(buyer, order.id))["code"] == "WECHAT_UNAVAILABLE"
    # then: only once it cannot arrive any more
    assert await sweep(shop) == {}
    assert (await shop.row(order.id)).status == "PENDING"
    assert await sweep_at(shop, order.created_at, 36) == {"close": 1}
    row = await shop.row(order.id)
    assert (row.status, await shop.stock(tea), await shop.unpaid(buyer)) == ("CLOSED", 5, 0)
    assert await shop.incidents() == []


async def test_an_unwanted_order_is_closed_after_all_where_the_answer_was_lost(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.fault("http:500", CLOSE_PATH, times=2)
    assert (await shop.cancel(buyer, made["order"]["id"]))["code"] == "WECHAT_UNAVAILABLE"
    wanted = await shop.row(made["order"]["id"])
    assert (wanted.status, wanted.close_wanted_at is not None) == ("PENDING", True)
    # when
    calls = await sweep_at(shop, wanted.created_at, 36)
    calls |= await sweep_at(shop, wanted.created_at, 36 + 36)
    # then
    assert calls == {"close": 1}
    assert ((await shop.row(wanted.id)).status, await shop.stock(tea)) == ("CLOSED", 5)
    assert (await shop.at_wechat(wanted.number))["tradeState"] == "CLOSED"


async def test_an_order_that_is_over_and_was_never_at_wechat_is_closed_here(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea))["code"] == "WECHAT_UNAVAILABLE"
    order = await the_order(shop)

    assert await sweep_at(shop, order.created_at, 6) == {"query": 1}
    assert (await shop.row(order.id)).status == "PENDING"
    assert await sweep_at(shop, closes_at(order.expires_at), JITTER + 0.5) == {"close": 1}
    assert ((await shop.row(order.id)).status, await shop.stock(tea), await shop.incidents()) == ("CLOSED", 5, [])


async def test_an_order_that_wechat_lost_is_an_incident_and_stays_open(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    row = await shop.row(made["order"]["id"])
    del shop.sandbox.wechat.state.orders[row.number]

    assert await sweep_at(shop, row.created_at, 6) == {"query": 1}
    assert await sweep_at(shop, closes_at(row.expires_at), JITTER + 0.5) == {"close": 1}

    assert ((await shop.row(row.id)).status, await shop.stock(tea)) == ("PENDING", 4)
    assert await shop.incidents() == ["order_missing_at_wechat"]


async def test_a_cancellation_during_a_question_is_not_put_off_by_its_answer(shop: Shop) -> None:
    """The server notes that closing is wanted while the worker asks, and dies before it closes."""
    # given
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product())
    row = await shop.row(made["order"]["id"])
    process = shop.application.process
    duty = process.workshift.worker._duties[0]
    await shop.fault("delay:0.5", QUERY_PATH)
    await advance_to(shop, row.created_at, 6)
    _ = await shop.ask("{ session { expiresAt } }", buyer.token)
    # when
    asking = asyncio.ensure_future(duty.do(row.id))
    await asyncio.sleep(0.2)
    wanted = await process.services.buying.closing.want(row.id)
    await asking
    # then
    after = await shop.row(row.id)
    assert (after.due_at, after.status) == (wanted.close_wanted_at, "PENDING")
    assert await sweep(shop) == {"close": 1}
    assert (await shop.row(row.id)).status == "CLOSED"


async def test_money_for_a_closed_order_goes_back_though_the_first_request_was_lost(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    number, order_id = made["order"]["number"], made["order"]["id"]
    assert (await shop.cancel(buyer, order_id))["order"]["status"] == "CLOSED"
    await shop.fault("reset", REFUND_PATH)
    # when
    await shop.order("payments", {"outTradeNo": number})
    await shop.delivered()
    await quiet()
    [refund] = await shop.refund_rows(order_id)
    _ = await sweep(shop)
    assert (refund.status, refund.source, (await shop.state())["refunds"]) == ("PROCESSING", "system", [])
    # then: the worker sends the same again, and only a minute later
    assert await sweep_at(shop, refund.created_at, 60) == {}
    assert await sweep_at(shop, refund.created_at, 70) == {"refund query": 1, "refund": 1}
    [at_wechat] = (await shop.state())["refunds"]
    assert (at_wechat["outRefundNo"], at_wechat["amount"]) == (refund.number, 1250)
    _ = await sweep_at(shop, refund.created_at, 70 + 62 + 65)
    await shop.delivered()
    [refund] = await shop.refund_rows(order_id)
    assert (refund.status, await shop.ledger(order_id)) == ("SUCCESS", [1250, -1250])
    assert ((await shop.row(order_id)).status, await shop.stock(tea)) == ("CLOSED", 5)
    assert len((await shop.state())["refunds"]) == 1
    await shop.assert_sound()


async def test_an_answer_about_a_late_payment_is_refunded_by_whoever_asked(shop: Shop) -> None:
    """A second payment of one order, seen by a question: the worker sends its refund."""
    # given
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product())
    row = await shop.row(made["order"]["id"])
    await shop.notifications("drop")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    assert await sweep_at(shop, row.created_at, 6) == {"query": 1}
    await shop.order("payments", {"outTradeNo": row.number})
    # when: somebody asks
    await shop.fault("reset", REFUND_PATH)
    _ = await shop.sync(buyer, row.id)
    _ = await sweep_at(shop, row.created_at, 120)
    _ = await sweep_at(shop, row.created_at, 400)
    # then
    assert sorted(it.kind for it in await shop.payments(row.id)) == ["double", "order"]
    assert [(it.status, it.amount) for it in await shop.refund_rows(row.id)] == [("SUCCESS", 1250)]
    assert sorted(await shop.ledger(row.id)) == [-1250, 1250, 1250]
    assert len((await shop.state())["refunds"]) == 1
    await shop.assert_sound()


async def test_a_prepay_that_arrives_behind_a_question_makes_no_incident(shop: Shop) -> None:
    """WeChat did not know the order yet when it was asked; the answer came when it did."""
    # given: an order that never reached WeChat
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="again"))["code"] == "WECHAT_UNAVAILABLE"
    before = await the_order(shop)
    # when: it does, after the question and before its answer is looked at
    _ = await shop.ordered(buyer, tea, key="again")
    closing = shop.application.process.services.buying.closing
    after = await closing.note_missing(before)
    # then
    assert (before.prepay_id, after.prepay_id is not None) == (None, True)
    assert await shop.incidents() == []
