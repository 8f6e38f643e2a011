"""Refunds of the console out of the available balance stand in a bill of their own, which is compared as well."""

from datetime import date
from typing import Any

import pytest

from tests.reconciliation.days import Run, bill_incidents, next_morning, plant, reconcile, runs
from tests.shop import Buyer, Shop

pytestmark = pytest.mark.anyio


async def refunded(shop: Shop, buyer: Buyer, notifications: str) -> tuple[dict[str, Any], date]:
    """An order of 1250 fen of which 500 went back out of the available balance, and the day."""
    order = await shop.paid(buyer, await shop.product(1250))
    await shop.notifications(notifications)
    wanted = {"outTradeNo": order["number"], "amount": 500, "fundsAccount": "AVAILABLE"}
    await shop.order("console/refund", wanted)
    await shop.advance(40)
    await shop.delivered()
    return order, await next_morning(shop)


def counted(run: Run) -> tuple[int, int, int]:
    return run.row.lines, run.row.repaired, run.row.alarms


async def test_one_that_was_told_in_time_is_no_alarm(shop: Shop) -> None:
    order, day = await refunded(shop, await shop.buyer(), "normal")
    assert [refund.status for refund in await shop.refund_rows(order["id"])] == ["SUCCESS"]

    run = await reconcile(shop, day)

    assert (run.told, run.begun, counted(run)) == ([], [2], (2, 0, 0))
    assert await bill_incidents(shop) == []


async def test_one_of_which_no_news_came_is_adopted(shop: Shop) -> None:
    # given
    order, day = await refunded(shop, buyer := await shop.buyer(), "drop")
    await shop.sync(buyer, order["id"])
    assert [it.is_refund_unknown for it in await shop.payments(order["id"])] == [True]
    # when
    run = await reconcile(shop, day)
    # then
    assert (run.sorts, counted(run)) == ([("refund only there", True)], (2, 1, 0))
    [payment] = await shop.payments(order["id"])
    assert (payment.refunded, payment.is_refund_unknown, await shop.ledger(order["id"])) == (500, False, [1250, -500])
    again = await shop.refund(await shop.operator(), order["id"], 750)
    assert again["__typename"] == "RefundOrderSuccess"


async def test_where_their_bill_cannot_be_read_the_other_one_is_compared(shop: Shop) -> None:
    # given
    order, day = await refunded(shop, buyer := await shop.buyer(), "drop")
    await shop.sync(buyer, order["id"])
    await plant(shop, {"fault": "header", "billType": "RECHARGE_REFUND"})
    # when
    run = await reconcile(shop, day)
    # then
    assert (run.told, counted(run), await runs(shop)) == ([], (1, 0, 0), 1)
    assert await bill_incidents(shop) == [("bill_not_compared", f"bill:{day.isoformat()}", "RECHARGE_REFUND")]
    await plant(shop)
    assert (await reconcile(shop, day)).sorts == [("refund only there", True)]
