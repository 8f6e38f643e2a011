"""Bills of days that no worker compared are made up for: one day a run, the oldest first, seven days back."""

from datetime import date, time, timedelta

import pytest

from models.jobs import Job
from models.reconciliations import Reconciliation
from services.worker.daily_bill import DailyBill
from services.worker.job_duty import Unfinished
from tests.reconciliation.days import TRADE_BILL, bill_incidents, plant, reconcile, to, to_noon, today
from tests.shop import Shop
from tests.worker.sweeping import sweep

pytestmark = pytest.mark.anyio


async def compared(shop: Shop) -> list[str]:
    async def found() -> list[str]:
        return [row.bill_date for row in await Reconciliation.filter(outcome="compared").order_by("id")]

    return await shop.read(found)


async def job(shop: Shop) -> Job:
    return await shop.read(lambda: Job.get(id="reconcile"))


def days_from(first: date, count: int) -> list[str]:
    return [(first + timedelta(days=number)).isoformat() for number in range(count)]


async def not_compared(shop: Shop) -> list[str]:
    """The days of which the operator was told, oldest first."""
    found = await bill_incidents(shop)
    assert {(kind, reference) for kind, _, reference in found} <= {("bill_not_compared", "")}
    return [subject.removeprefix("bill:") for _, subject, _ in found]


async def sweep_until_empty_days_are_believed(shop: Shop) -> None:
    """WeChat has to say of a day without a bill twice that there is none."""
    for hours in (0, 4):
        await shop.advance(hours * 3600)
        _ = await sweep(shop)


async def sold_today(shop: Shop) -> date:
    await to_noon(shop)
    _ = await shop.paid(await shop.buyer(), await shop.product())
    return today(shop)


async def test_every_missed_day_is_compared_and_then_none(shop: Shop) -> None:
    # given
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=4), time(11))
    # when
    await sweep_until_empty_days_are_believed(shop)
    # then
    assert await compared(shop) == days_from(day, 4)
    assert await not_compared(shop) == []
    row = await job(shop)
    assert row.ended_at is not None
    assert row.due_at is not None
    assert row.due_at > row.ended_at
    assert row.detail.startswith((day + timedelta(days=3)).isoformat())
    # when: the next bill is there
    await to(shop, day + timedelta(days=5), time(10, 30))
    await sweep_until_empty_days_are_believed(shop)
    # then
    assert await compared(shop) == days_from(day, 5)


async def test_a_day_that_was_compared_by_hand_is_done(shop: Shop) -> None:
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=3), time(11))
    _ = await reconcile(shop, day)
    before = await compared(shop)

    await sweep_until_empty_days_are_believed(shop)

    assert (before, await compared(shop)) == (days_from(day, 1), days_from(day, 3))


async def test_no_day_before_the_last_seven_is_compared_and_the_operator_is_told_of_it(shop: Shop) -> None:
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=10), time(11))

    await sweep_until_empty_days_are_believed(shop)

    assert await compared(shop) == days_from(day + timedelta(days=3), 7)
    # the oldest of the seven failed once, and might have been the last chance
    assert await not_compared(shop) == days_from(day, 4)


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
    await to(shop, day + timedelta(days=1), time(9))
    _ = await sold_today(shop)
    await to(shop, day + timedelta(days=2), time(11))
    await shop.fault("code:STATEMENT_CREATING", TRADE_BILL)
    # when
    _ = await sweep(shop)
    # then: the first was tried again when no other was left
    assert await compared(shop) == [days_from(day, 2)[1], day.isoformat()]


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
    await sweep_until_empty_days_are_believed(shop)
    # then
    assert sorted(await compared(shop)) == days_from(day, 3)


async def test_one_answer_that_there_is_no_bill_does_not_close_a_day(shop: Shop) -> None:
    # given: money for a closed order, of which no news came
    day = await sold_today(shop)
    buyer = await shop.buyer()
    late = (await shop.ordered(buyer, await shop.product()))["order"]
    await shop.cancel(buyer, late["id"])
    await shop.notifications("drop")
    await shop.order("payments", {"outTradeNo": late["number"]})
    await to(shop, day + timedelta(days=1), time(10, 10))
    await shop.fault("code:NO_STATEMENT_EXIST", TRADE_BILL)
    # when
    _ = await sweep(shop)
    before = await compared(shop), await shop.ledger(late["id"]), (await job(shop)).detail
    await shop.advance(1900)
    _ = await sweep(shop)
    # then
    assert before == ([], [], "not yet")
    assert await compared(shop) == [day.isoformat()]
    assert (await shop.ledger(late["id"]))[0] == 1250


async def test_a_day_that_cannot_be_compared_for_a_day_is_told_once(shop: Shop) -> None:
    # given
    day = await sold_today(shop)
    await plant(shop, {"fault": "hash", "date": day.isoformat()})
    told = []
    # when
    for days, at in ((1, time(10, 30)), (2, time(10, 15)), (2, time(11)), (3, time(11))):
        await to(shop, day + timedelta(days=days), at)
        _ = await sweep(shop)
        told.append(await not_compared(shop))
    # then
    assert told == [[], [], [day.isoformat()], [day.isoformat()]]
    assert day.isoformat() not in await compared(shop)


async def test_a_day_that_takes_too_long_keeps_none_waiting(shop: Shop) -> None:
    # given
    day = await sold_today(shop)
    await to(shop, day + timedelta(days=1), time(9))
    _ = await sold_today(shop)
    await to(shop, day + timedelta(days=2), time(11))
    process = shop.application.process
    bill = DailyBill(shop.units, process.orders.reconciling, process.clock, seconds_of_day=1.5, seconds_of_failures=0)
    await shop.fault("delay:2", TRADE_BILL)
    # when
    first, second = await bill.run(), await bill.run()
    third = await bill.run()
    # then
    assert first == Unfinished("1 failed, others are next")
    assert isinstance(second, Unfinished)
    assert isinstance(third, str)
    assert await compared(shop) == [days_from(day, 2)[1], day.isoformat()]
