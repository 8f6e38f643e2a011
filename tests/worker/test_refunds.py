"""Rules 20 to 22: the worker sends what was not accepted yet, and asks what became of what was."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.jobs import JobName
from models.jobs import Job
from models.payments import Refund
from tests.orders.asking import advance_to
from tests.shop import REFUND_PATH, REFUND_QUERY_PATH, Shop
from tests.worker.sweeping import JITTER, sweep, sweep_at

pytestmark = pytest.mark.anyio
ASKED = {"refund query": 1}
SENT = {"refund": 1}
ASKED_AND_SENT = ASKED | SENT
MINUTE, DAY = 60, 86_400


async def paid(shop: Shop) -> str:
    """The id of an order of 12.50 yuan that was paid."""
    order = await shop.paid(await shop.buyer(), await shop.product())
    return str(order["id"])


async def refunding(shop: Shop, order_id: str, amount: int | None = None) -> Refund:
    """A refund as it stands once the operator has the answer."""
    result = await shop.refund(await shop.operator(), order_id, amount)
    assert (result["__typename"], result["refund"]["status"]) == ("RefundOrderSuccess", "PROCESSING"), result
    return (await shop.refund_rows(order_id))[-1]


def rungs() -> Iterator[tuple[int, int]]:
    """Seconds since the refund was made, and since the question before: five rungs, then hourly, after a day daily."""
    before = 0
    for at in [minutes * MINUTE for minutes in (1, 5, 10, 20, 30)]:
        yield at, at - before
        before = at


async def without_bills(shop: Shop) -> None:
    """The comparison of a morning asks about refunds too."""

    async def put_off() -> int:
        return await Job.filter(id=JobName.RECONCILE).update(
            due_at=shop.application.process.clock() + timedelta(days=900)
        )

    assert await shop.units.run(put_off) == 1


async def test_a_refund_in_progress_is_asked_about_at_each_rung_then_hourly_then_daily(shop: Shop) -> None:
    # given: WeChat takes its time
    order_id = await paid(shop)
    refund = await refunding(shop, order_id)
    shop.sandbox.wechat.state.refunds[refund.number].due_at += 30 * DAY
    await without_bills(shop)
    # then
    for at, _ in rungs():
        assert await sweep_at(shop, refund.created_at, at - 2) == {}
        assert await sweep_at(shop, refund.created_at, at + 0.2) == ASKED
        assert await sweep(shop) == {}
    for wait in [3600] * 24 + [DAY] * 2:
        asked_at = (await shop.refund_rows(order_id))[0].due_at
        assert asked_at is not None
        before = shop.sandbox.wechat.clock.now()
        assert wait - 3 < asked_at.timestamp() - before <= wait + 0.1
        assert await sweep_at(shop, asked_at, -1) == {}
        assert await sweep_at(shop, asked_at, 0.2) == ASKED
    # and at its end
    last = (await shop.refund_rows(order_id))[0].due_at
    assert last is not None
    await shop.notifications("drop")
    assert await sweep_at(shop, last, 30 * DAY) == ASKED
    row = (await shop.refund_rows(order_id))[0]
    assert (row.status, row.due_at, await shop.ledger(order_id)) == ("SUCCESS", None, [1250, -1250])
    assert await sweep_at(shop, last, 60 * DAY) == {}
    await shop.assert_sound()


async def test_a_refund_that_did_not_arrive_is_sent_again_with_the_same_bytes(shop: Shop) -> None:
    # given
    order_id = await paid(shop)
    await shop.fault("reset", REFUND_PATH)
    refund = await refunding(shop, order_id)
    assert (await shop.state())["refunds"] == []
    # then: at least 65 seconds after the last request
    assert await sweep_at(shop, refund.created_at, 63) == {}
    assert await sweep_at(shop, refund.created_at, 66) == ASKED_AND_SENT
    [at_wechat] = (await shop.state())["refunds"]
    assert (at_wechat["outRefundNo"], at_wechat["amount"]) == (refund.number, 1250)
    assert (await shop.refund_rows(order_id))[0].body == refund.body


async def test_a_refund_whose_answer_was_lost_is_not_sent_twice(shop: Shop) -> None:
    order_id = await paid(shop)
    await shop.fault("reset-after", REFUND_PATH)
    refund = await refunding(shop, order_id)
    assert len((await shop.state())["refunds"]) == 1

    await shop.notifications("drop")
    assert await sweep_at(shop, refund.created_at, 70) == ASKED

    row = (await shop.refund_rows(order_id))[0]
    assert (row.status, await shop.ledger(order_id)) == ("SUCCESS", [1250, -1250])
    await shop.assert_sound()


async def test_without_balance_it_is_tried_hourly_with_one_incident(shop: Shop) -> None:
    # given
    order_id = await paid(shop)
    await shop.switch(notEnough=True)
    refund = await refunding(shop, order_id)
    # then
    sent_at = refund.created_at
    for _ in range(3):
        assert await sweep_at(shop, sent_at, 3590) == {}
        assert await sweep_at(shop, sent_at, 3605) == ASKED_AND_SENT
        sent_at += timedelta(seconds=3605)
    assert set(await shop.incidents()) == {"not_enough"}  # once a day in China
    # when
    await shop.switch()
    assert await sweep_at(shop, sent_at, 3605) == ASKED_AND_SENT
    # then
    assert [it["outRefundNo"] for it in (await shop.state())["refunds"]] == [refund.number]
    assert (await shop.refund_rows(order_id))[0].status == "PROCESSING"


async def test_while_wechat_is_away_a_refund_waits_and_stays_reserved(shop: Shop) -> None:
    order_id = await paid(shop)
    await shop.fault("http:500", REFUND_PATH)
    refund = await refunding(shop, order_id)
    await shop.fault("http:500", REFUND_QUERY_PATH, times=1000)

    assert set(await sweep_at(shop, refund.created_at, 66)) == {"refund query"}

    row = (await shop.refund_rows(order_id))[0]
    [payment] = await shop.payments(order_id)
    assert (row.status, payment.reserved, payment.refunded) == ("PROCESSING", 1250, 0)
    assert row.due_at is not None
    wait = row.due_at.timestamp() - shop.sandbox.wechat.clock.now()
    assert 60 < wait < 65 + JITTER + 0.1
    assert await sweep(shop) == {}


async def test_a_refusal_for_good_closes_it_at_the_second_time(shop: Shop) -> None:
    # given
    order_id = await paid(shop)
    await shop.fault("code:USER_ACCOUNT_ABNORMAL", REFUND_PATH, times=2)
    refund = await refunding(shop, order_id)
    # when
    assert await sweep_at(shop, refund.created_at, 66) == ASKED_AND_SENT
    # then
    row = (await shop.refund_rows(order_id))[0]
    [payment] = await shop.payments(order_id)
    assert (row.status, row.due_at, payment.reserved, payment.parts) == ("CLOSED", None, 0, 0)
    assert await sweep_at(shop, refund.created_at, DAY) == {}
    await shop.assert_sound()


async def test_an_abnormal_refund_is_asked_about_until_somebody_mends_it(shop: Shop) -> None:
    # given
    order_id = await paid(shop)
    await shop.switch(refundOutcome="ABNORMAL")
    refund = await refunding(shop, order_id)
    await advance_to(shop, refund.created_at, 40)
    await shop.delivered()
    assert (await shop.refund_rows(order_id))[0].status == "ABNORMAL"
    # when
    assert await sweep_at(shop, refund.created_at, 62) == ASKED
    assert await sweep_at(shop, refund.created_at, 301) == ASKED
    shop.sandbox.wechat.state.refunds[refund.number].status = "SUCCESS"
    assert await sweep_at(shop, refund.created_at, 601) == ASKED
    # then
    row = (await shop.refund_rows(order_id))[0]
    assert (row.status, row.due_at) == ("SUCCESS", None)
    assert await shop.incidents() == ["refund_abnormal"]
    await shop.assert_sound()


async def test_two_refunds_of_one_payment_are_a_minute_apart(shop: Shop) -> None:
    # given
    order_id = await paid(shop)
    await shop.switch(oneRefundAMinute=True)
    first = await refunding(shop, order_id, 500)
    second = await refunding(shop, order_id, 750)
    assert [it["outRefundNo"] for it in (await shop.state())["refunds"]] == [first.number]
    # when
    await shop.notifications("drop")
    assert await sweep_at(shop, second.created_at, 50) == {}
    assert (await sweep_at(shop, second.created_at, 67)).get("refund") == 1
    # then
    assert [it["outRefundNo"] for it in (await shop.state())["refunds"]] == [first.number, second.number]
    _ = await sweep_at(shop, second.created_at, 67 + 310)
    assert await shop.ledger(order_id) == [1250, -500, -750]
    await shop.assert_sound()


async def test_a_refund_of_which_wechat_says_nothing_for_an_hour_is_told_and_asked_about_more_rarely(
    shop: Shop,
) -> None:
    # given: it was taken, and no question about it is answered
    order_id = await paid(shop)
    _ = await refunding(shop, order_id)
    await without_bills(shop)
    refused = {"path": REFUND_QUERY_PATH, "fault": "code:PARAM_ERROR", "times": 1000}
    await shop.order("faults", {"faults": [refused], "notifications": "drop"}, "PUT")
    # when
    waits = [await wait_after(shop, order_id, seconds) for seconds in (66, 140, 215)]
    # then
    assert [most >= 65 and least <= 65 + JITTER for least, most in waits] == [True] * 3
    assert await shop.incidents() == []
    # when
    least, most = await wait_after(shop, order_id, 3700)
    # then
    assert most >= 3600
    assert least <= 3600 + JITTER
    assert await shop.incidents() == ["refund_stuck"]


async def wait_after(shop: Shop, order_id: str, seconds: float) -> tuple[float, float]:
    """Seconds from the end and from the beginning of a failed question, so long after the refund, to the next one."""
    [row] = await shop.refund_rows(order_id)
    await advance_to(shop, row.created_at, seconds)
    clock = shop.application.process.clock
    began = clock()
    _ = await sweep(shop)
    ended = clock()
    [row] = await shop.refund_rows(order_id)
    assert row.due_at is not None
    return (row.due_at - ended).total_seconds(), (row.due_at - began).total_seconds()
