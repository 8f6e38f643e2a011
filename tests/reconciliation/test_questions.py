"""About what is missing in a bill WeChat is asked only where it may be of the day, and so often at most."""

import json
from datetime import timedelta
from typing import Any

import pytest

from models.payments import Refund
from tests.reconciliation.days import bill_incidents, next_morning, now, reconcile
from tests.shop import REFUND_QUERY_PATH, Buyer, Shop

pytestmark = pytest.mark.anyio


async def refunds(shop: Shop, buyer: Buyer, count: int) -> list[dict[str, Any]]:
    """So many orders, of each of which 400 fen are being refunded."""
    operator, product = await shop.operator(), await shop.product(1250)
    made = [await shop.paid(buyer, product) for _ in range(count)]
    for order in made:
        await shop.refund(operator, order["id"], 400)
    return made


async def test_what_wechat_took_on_an_earlier_day_is_not_asked_about(shop: Shop) -> None:
    # given: refunds to a card, which succeed two days later
    await refunds(shop, await shop.buyer(), 3)
    await shop.advance(40)
    await shop.delivered()
    later = now(shop) + timedelta(days=2)

    async def succeed_later() -> int:
        return await Refund.all().update(completed_at=later)

    assert await shop.units.run(succeed_later) == 3
    first = await next_morning(shop)
    await shop.paid(await shop.buyer(), await shop.product(1250))
    second = await next_morning(shop)
    asked = await shop.calls(REFUND_QUERY_PATH)
    # when
    runs_of_both = [await reconcile(shop, day) for day in (first, second)]
    # then
    assert [(run.row.lines, run.told) for run in runs_of_both] == [(6, []), (1, [])]
    assert await shop.calls(REFUND_QUERY_PATH) == asked


async def test_beyond_a_number_of_questions_the_operator_is_told(shop: Shop) -> None:
    # given: asked for on one day, and taken on the next
    await shop.switch(notEnough=True)
    made = await refunds(shop, buyer := await shop.buyer(), 2)
    day = await next_morning(shop)
    await shop.switch()
    for order in made:
        await shop.sync(buyer, order["id"])
    await shop.advance(40)
    await shop.delivered()
    assert [[it.status for it in await shop.refund_rows(order["id"])] for order in made] == [["SUCCESS"]] * 2
    asked = await shop.calls(REFUND_QUERY_PATH)
    # when
    run = await reconcile(shop, day, most_asked=1)
    # then
    assert (run.told, json.loads(run.row.report)["notAsked"]) == ([], 1)
    assert await shop.calls(REFUND_QUERY_PATH) == asked + 1
    assert await bill_incidents(shop) == [("bill_not_compared", f"bill:{day.isoformat()}", "not asked")]
    # and with enough of them nothing is left
    whole = await reconcile(shop, day)
    assert (whole.told, json.loads(whole.row.report)["notAsked"]) == ([], 0)
