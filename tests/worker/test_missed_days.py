"""Bills of days that no worker compared are made up for: one day a run, the oldest first, seven days back."""

from datetime import date, time, timedelta

import pytest

from models.jobs import Job
from models.reconciliations import Reconciliation
from tests.reconciliation.days import TRADE_BILL, reconcile, to, to_noon, today
from tests.shop import Shop
from tests.worker.sweeping import sweep

pytestmark = pytest.mark.anyio


async def compared(shop: Shop) -> list[str]:
    async def found() -> list[str]:
        return [row.bill_date for row in await Reconciliation.all().order_by("id")]

    return await shop.read(found)


async def job(shop: Shop) -> Job:
    return await shop.read(lambda: Job.get(id="reconcile"))


def days_from(first: date, count: int) -> list[str]:
    return [(first + timedelta(days=number)).isoformat() for number in range(count)]


async def sold_today(shop: Shop) -> date:
    await to_noon(shop)
    _ = await shop.paid(await shop.buyer(), await shop.product())
    return today(shop)


async def test_every_missed_day_is_compared_and_then_none(shop: Shop) -> None:
    # given
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=4), time(11))
    # when
    _ = await sweep(shop)
    # then
    assert await compared(shop) == days_from(day, 4)
    row = await job(shop)
    assert row.ended_at is not None
    assert row.due_at is not None
    assert row.due_at > row.ended_at
    assert row.detail.startswith((day + timedelta(days=3)).isoformat())
    # when: the next bill is there
    await to(shop, day + timedelta(days=5), time(10, 30))
    _ = await sweep(shop)
    # then
    assert await compared(shop) == days_from(day, 5)


async def test_a_day_that_was_compared_by_hand_is_done(shop: Shop) -> None:
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=3), time(11))
    _ = await reconcile(shop, day + timedelta(days=1))

    _ = await sweep(shop)

    assert sorted(await compared(shop)) == days_from(day, 3)


async def test_no_day_before_the_last_seven_is_compared(shop: Shop) -> None:
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=10), time(11))

    _ = await sweep(shop)

    assert await compared(shop) == days_from(day + timedelta(days=3), 7)


async def test_before_the_first_order_there_is_nothing_to_compare(shop: Shop) -> None:
    await to_noon(shop)
    await to(shop, today(shop) + timedelta(days=3), time(11))
    before = await shop.calls(TRADE_BILL)

    _ = await sweep(shop)

    assert (await compared(shop), await shop.calls(TRADE_BILL)) == ([], before)
    assert (await job(shop)).detail == "no day is missing"


async def test_a_bill_that_cannot_be_had_is_asked_for_again_and_keeps_none_waiting(shop: Shop) -> None:
    # given
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=3), time(11))
    await shop.fault("code:STATEMENT_CREATING", TRADE_BILL)
    # when
    _ = await sweep(shop)
    # then: the first was tried again with the next run
    assert sorted(await compared(shop)) == days_from(day, 3)
    assert (await compared(shop))[0] == (day + timedelta(days=1)).isoformat()


async def test_while_no_bill_can_be_had_the_job_waits_half_an_hour(shop: Shop) -> None:
    # given
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=3), time(11))
    await shop.fault("code:STATEMENT_CREATING", TRADE_BILL, times=99)
    # when
    _ = await sweep(shop)
    # then
    row = await job(shop)
    assert row.ended_at is not None
    assert (await compared(shop), row.detail, row.due_at) == ([], "not yet", row.ended_at + timedelta(minutes=30))
    # when
    await shop.order("faults", {"faults": []}, "PUT")
    await shop.advance(1900)
    _ = await sweep(shop)
    # then
    assert await compared(shop) == days_from(day, 3)
