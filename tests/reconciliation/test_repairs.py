"""What the bill shows and the books lack is mended by asking WeChat, and ends as if the news had come in time."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.reconciliation.days import Pauses, bill_incidents, next_morning, reconcile
from tests.shop import Buyer, Shop

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def _books_are_sound(shop: Shop) -> AsyncIterator[None]:
    yield
    await shop.assert_sound()


async def silently_paid(shop: Shop, buyer: Buyer, price: int = 1250) -> dict[str, Any]:
    """An order that was paid and of whose payment no news came."""
    made = await shop.ordered(buyer, await shop.product(price))
    await shop.notifications("drop")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    await shop.delivered()
    order: dict[str, Any] = made["order"]
    return order


async def console_refund(shop: Shop, number: str, amount: int) -> str:
    """Its number."""
    made = await shop.order("console/refund", {"outTradeNo": number, "amount": amount})
    return str(made["outRefundNo"])


async def state_of(shop: Shop, order_id: str) -> tuple[Any, ...]:
    """Everything about money that is kept of an order, without what is different for each."""
    order = await shop.row(order_id)
    payments = [
        (it.kind, it.total, it.reserved, it.refunded, it.parts, it.is_refund_unknown)
        for it in await shop.payments(order_id)
    ]
    refunds = [
        (it.source, it.amount, it.status, it.completed_at is not None) for it in await shop.refund_rows(order_id)
    ]
    ledger = await shop.ledger(order_id)
    done = (order.paid_at is not None, order.held_at, order.closed_at is not None)
    return order.status, order.trade_state, order.refunded, done, payments, refunds, ledger


async def test_a_day_on_which_everything_fits(shop: Shop) -> None:
    buyer, operator = await shop.buyer(), await shop.operator()
    paid = await shop.paid(buyer, await shop.product(1250))
    await shop.refund(operator, paid["id"], 400)
    await shop.advance(40)
    await shop.delivered()
    day = await next_morning(shop)

    run = await reconcile(shop, day)

    assert (run.told, run.row.lines, run.row.repaired, run.row.alarms) == ([], 2, 0, 0)
    assert (run.begun, run.steps) == ([2], [2])
    assert run.row.report == '{"counts":{},"differences":[],"leftOut":0,"foreign":0,"notAsked":0}'
    assert run.row.bill_date == day.isoformat()
    assert await bill_incidents(shop) == []


async def test_a_payment_of_which_no_news_came(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    in_time = await shop.paid(buyer, await shop.product(1250))
    lost = await silently_paid(shop, buyer)
    assert (await shop.row(lost["id"])).status == "PENDING"
    day = await next_morning(shop)
    # when
    run = await reconcile(shop, day)
    # then
    assert run.sorts == [("payment only there", True)]
    assert (run.row.lines, run.row.repaired, run.row.alarms) == (2, 1, 0)
    assert await state_of(shop, lost["id"]) == await state_of(shop, in_time["id"])
    [payment] = await shop.payments(lost["id"])
    assert run.told[0].transaction_id == payment.transaction_id
    assert (run.told[0].order_id, run.told[0].number, run.told[0].there) == (lost["id"], lost["number"], "12.50")
    assert await bill_incidents(shop) == []


async def test_a_second_run_repairs_nothing_twice(shop: Shop) -> None:
    lost = await silently_paid(shop, await shop.buyer())
    day = await next_morning(shop)
    first = await reconcile(shop, day)
    state = await state_of(shop, lost["id"])

    again = await reconcile(shop, day)

    assert (first.row.repaired, again.row.repaired, again.told) == (1, 0, [])
    assert await state_of(shop, lost["id"]) == state


async def test_two_runs_at_once_repair_once(shop: Shop) -> None:
    buyer = await shop.buyer()
    lost = [await silently_paid(shop, buyer) for _ in range(3)]
    day = await next_morning(shop)

    both = await asyncio.gather(reconcile(shop, day), reconcile(shop, day))

    assert [run.row.alarms for run in both] == [0, 0]
    assert [await shop.ledger(order["id"]) for order in lost] == [[1250]] * 3


async def test_a_refund_of_which_no_news_came(shop: Shop) -> None:
    # given
    buyer, operator = await shop.buyer(), await shop.operator()
    in_time = await shop.paid(buyer, await shop.product(1250))
    lost = await shop.paid(buyer, await shop.product(1250))
    await shop.refund(operator, in_time["id"], 400)
    await shop.advance(40)
    await shop.delivered()
    await shop.notifications("drop")
    await shop.refund(operator, lost["id"], 400)
    await shop.advance(40)
    await shop.delivered()
    assert [refund.status for refund in await shop.refund_rows(lost["id"])] == ["PROCESSING"]
    day = await next_morning(shop)
    # when
    run = await reconcile(shop, day)
    # then
    assert run.sorts == [("refund state", True)]
    assert (run.told[0].there, run.told[0].here) == ("SUCCESS", "PROCESSING")
    assert await state_of(shop, lost["id"]) == await state_of(shop, in_time["id"])
    assert await bill_incidents(shop) == []


async def test_a_refund_of_the_console_is_adopted(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    in_time = await shop.paid(buyer, await shop.product(1250))
    lost = await shop.paid(buyer, await shop.product(1250))
    await console_refund(shop, in_time["number"], 400)
    await shop.advance(40)
    await shop.delivered()
    await shop.notifications("drop")
    number = await console_refund(shop, lost["number"], 400)
    await shop.advance(40)
    await shop.delivered()
    day = await next_morning(shop)
    # when
    run = await reconcile(shop, day)
    # then
    found = [each for each in run.told if each.number == lost["number"]]
    assert [(each.sort.value, each.repaired, each.refund_number) for each in found] == [
        ("refund only there", True, number)
    ]
    assert await state_of(shop, lost["id"]) == await state_of(shop, in_time["id"])
    assert run.row.alarms == 0


async def test_a_payment_and_its_refund_of_the_console_are_both_unknown(shop: Shop) -> None:
    lost = await silently_paid(shop, await shop.buyer())
    await console_refund(shop, lost["number"], 1250)
    await shop.advance(40)
    day = await next_morning(shop)

    run = await reconcile(shop, day)

    assert run.sorts == [("payment only there", True), ("refund only there", True)]
    row = await shop.row(lost["id"])
    assert (row.status, row.refunded, await shop.ledger(lost["id"])) == ("REFUNDED", 1250, [1250, -1250])
    [payment] = await shop.payments(lost["id"])
    assert not payment.is_refund_unknown


async def test_money_for_a_closed_order_goes_back(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product(1250))
    await shop.cancel(buyer, made["order"]["id"])
    await shop.notifications("drop")
    await shop.order("payments", {"outTradeNo": made["order"]["number"]})
    await shop.delivered()
    day = await next_morning(shop)
    begun: list[str] = []
    # when
    run = await reconcile(shop, day, begin_refund=begun.append)
    # then
    assert run.sorts == [("payment only there", True)]
    [refund] = await shop.refund_rows(made["order"]["id"])
    assert (begun, refund.source, refund.amount) == ([refund.id], "system", 1250)
    assert (await shop.row(made["order"]["id"])).status == "CLOSED"
    assert await shop.ledger(made["order"]["id"]) == [1250]


async def test_what_cannot_be_read_keeps_no_other_row_waiting(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    lost = [await silently_paid(shop, buyer) for _ in range(2)]
    day = await next_morning(shop)
    pauses = Pauses()
    wechat = shop.sandbox.wechat.state
    [transaction_id] = wechat.orders[lost[0]["number"]].transaction_ids
    wechat.transactions[transaction_id].openid = "o" * 200
    # when
    run = await reconcile(shop, day, pauses=pauses)
    # then
    assert run.sorts == [("payment only there", False), ("payment only there", True)]
    assert [(await shop.row(order["id"])).status for order in lost] == ["PENDING", "PAID"]
    assert [subject for _, subject, _ in await bill_incidents(shop)] == [lost[0]["id"]]
    assert pauses.seconds == [1.0, 3.0, 10.0]


async def test_a_payment_of_another_amount_is_an_alarm_and_a_hold_as_ever(shop: Shop) -> None:
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product(1250))
    await shop.notifications("drop")
    await shop.order("payments", {"outTradeNo": made["order"]["number"], "amount": 1})
    await shop.delivered()
    day = await next_morning(shop)

    run = await reconcile(shop, day)

    order_id = made["order"]["id"]
    assert run.sorts == [("payment only there", False)]
    assert [(kind, subject) for kind, subject, _ in await bill_incidents(shop)] == [("bill_only_there", order_id)]
    assert "payment_differs" in await shop.incidents()
    row = await shop.row(order_id)
    assert (row.status, row.held_at is not None, await shop.ledger(order_id)) == ("PENDING", True, [])
