"""Rule 7: WeChat is asked about an unpaid order at each rung, counted from its commit, and never between them."""

from datetime import timedelta

import pytest

from domain.orders import closes_at
from models.orders import Order
from tests.shop import PREPAY_PATH, QUERY_PATH, Shop
from tests.worker.sweeping import JITTER, sweep, sweep_at

pytestmark = pytest.mark.anyio
RUNGS = (5, 30, 60, 180, 300, 600, 1800)


async def test_an_unpaid_order_is_asked_about_at_each_rung_and_closed_after_its_end(shop: Shop) -> None:
    # given
    tea = await shop.product(stock=5)
    order = (await shop.ordered(await shop.buyer(), tea))["order"]
    row = await shop.row(order["id"])
    # then
    for rung in RUNGS:
        assert await sweep_at(shop, row.created_at, rung - 2) == {}
        assert await sweep_at(shop, row.created_at, rung + JITTER + 0.5) == {"query": 1}
        assert await sweep(shop) == {}
    # and: within a minute after its end
    end = closes_at(row.expires_at)
    assert await sweep_at(shop, end, -2) == {}
    assert (await shop.row(order["id"])).status == "PENDING"
    assert await sweep_at(shop, end, JITTER + 0.5) == {"close": 1}
    assert ((await shop.row(order["id"])).status, await shop.stock(tea)) == ("CLOSED", 5)
    # and never again
    assert await sweep_at(shop, end, 86_400) == {}
    await shop.assert_sound()


async def _orders() -> list[Order]:
    return await Order.all()


async def test_the_ladder_begins_at_the_commit_and_not_at_the_answer(shop: Shop) -> None:
    # given: WeChat got the order, and its answer was lost
    buyer, tea = await shop.buyer(), await shop.product()
    await shop.fault("reset-after", PREPAY_PATH)
    assert (await shop.create(buyer, tea))["code"] == "WECHAT_UNAVAILABLE"
    [row] = await shop.read(_orders)
    # then
    assert await sweep_at(shop, row.created_at, 3) == {}
    assert await sweep_at(shop, row.created_at, 5.5) == {"query": 1}
    assert (await shop.row(row.id)).status == "PENDING"


async def test_a_worker_that_comes_late_goes_on_with_the_next_rung(shop: Shop) -> None:
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    row = await shop.row(order["id"])

    assert await sweep_at(shop, row.created_at, 100) == {"query": 1}
    assert await sweep_at(shop, row.created_at, 178) == {}
    assert await sweep_at(shop, row.created_at, 184) == {"query": 1}


async def test_a_payment_that_nobody_told_of_is_found(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.notifications("drop")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    row = await shop.row(made["order"]["id"])
    # when
    assert await sweep_at(shop, row.created_at, 5.5) == {"query": 1}
    # then
    order = await shop.row(row.id)
    assert (order.status, order.due_at, await shop.ledger(row.id)) == ("PAID", None, [1250])
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (4, 0)
    assert await sweep_at(shop, row.created_at, 86_400) == {}
    await shop.assert_sound()


async def test_while_wechat_is_away_it_is_asked_each_half_minute_and_no_faster(shop: Shop) -> None:
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    row = await shop.row(order["id"])
    await shop.fault("http:500", QUERY_PATH, times=1000)

    first = await sweep_at(shop, row.created_at, 5.5)
    due = (await shop.row(row.id)).due_at

    assert set(first) == {"query"}
    assert due is not None
    assert timedelta(seconds=34) < due - row.created_at < timedelta(seconds=45)
    assert await sweep(shop) == {}
    assert set(await sweep_at(shop, due, 0.1)) == {"query"}
    assert (await shop.row(row.id)).status == "PENDING"


async def test_a_held_order_is_never_touched(shop: Shop) -> None:
    # given: a payment that differs, so that the operator has to decide
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    await shop.order("payments", {"outTradeNo": made["order"]["number"], "amount": 1})
    await shop.delivered()
    held = await shop.row(made["order"]["id"])
    assert (held.status, held.held_at is not None) == ("PENDING", True)
    # then: neither by the ladder, nor at its end, nor by the net below
    for seconds in (6, 600, 1801, 1900, 86_400):
        assert await sweep_at(shop, held.created_at, seconds) == {}
    row = await shop.row(held.id)
    assert (row.status, row.due_at, row.close_wanted_at, await shop.stock(tea)) == ("PENDING", None, None, 4)
    # The bill of a morning finds what is not booked yet, too.
    assert [kind for kind in await shop.incidents() if not kind.startswith("bill_")] == ["payment_differs"]
