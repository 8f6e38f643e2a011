"""Which day a row is of, when its bill is ready, and what is done where there is none or it cannot be believed."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from domain.jobs import CHINA
from domain.problems import BadRequest, Unavailable, WeChatProblem
from models.payments import Payment
from services.reconciliation.china_days import ChinaDay, check_ready, yesterday
from tests.reconciliation.bulk import sell
from tests.reconciliation.days import (
    DOWNLOAD,
    TRADE_BILL,
    Pauses,
    bill_incidents,
    next_morning,
    now,
    plant,
    reconcile,
    runs,
    to,
    today,
)
from tests.shop import QUERY_PATH, Shop
from tests.world import open_world

pytestmark = pytest.mark.anyio

BY_TRANSACTION_ID = "/v3/pay/transactions/id/{transaction_id}"
DAY = date(2026, 3, 1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 1)),
    ],
)
def test_yesterday_is_chinas(moment: datetime, expected: date) -> None:
    assert yesterday(moment) == expected


def test_a_day_ends_where_the_next_begins() -> None:
    day = ChinaDay.of(DAY)

    assert day.start == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    assert [day.has(day.start), day.has(day.end), day.has(day.end - timedelta(microseconds=1))] == [True, False, True]


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (DAY, at(2, 10)),
        (DAY, at(2, 10).astimezone(UTC)),
        (DAY, at(1, 12) + timedelta(days=89)),
    ],
)
def test_a_day_is_ready_from_ten_on_for_three_months(day: date, moment: datetime) -> None:
    check_ready(day, moment)


@pytest.mark.parametrize(
    ("day", "moment", "said"),
    [
        (DAY, at(2, 9, 59), "ready from 10:00 of 2026-03-02 on"),
        (DAY, at(1, 23), "ready from 10:00 of 2026-03-02 on"),
        (date.max, at(1, 23), "ready from 10:00 of the day after it"),
        (DAY, at(1, 12) + timedelta(days=90), "2026-03-01 is too long ago"),
        (date.min, at(1, 12), "too long ago"),
    ],
)
def test_other_days_are_refused(day: date, moment: datetime, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        check_ready(day, moment)


async def test_a_payment_before_midnight_and_its_refund_after_it(shop: Shop) -> None:
    # given
    buyer, operator = await shop.buyer(), await shop.operator()
    product, day = await shop.product(1250), today(shop)
    made = await shop.ordered(buyer, product, key="before")
    await to(shop, day, time(12, 20))
    await shop.phone(buyer, made["paymentParams"])
    await shop.delivered()
    await to(shop, day, time(23, 59, 50))
    await shop.sync(buyer, made["order"]["id"])
    await to(shop, day + timedelta(days=1), time(0, 0, 1))
    await shop.refund(operator, made["order"]["id"], 400)
    await shop.paid(buyer, product)
    await shop.advance(40)
    await shop.delivered()
    # when
    await to(shop, day + timedelta(days=2), time(10))
    runs_of_both = [await reconcile(shop, it) for it in (day, day + timedelta(days=1))]
    # then
    assert [(run.row.lines, run.told) for run in runs_of_both] == [(1, []), (2, [])]


async def test_the_last_second_of_a_day(shop: Shop) -> None:
    """At 23:59:59 and at 00:00:00 in China, here and in the bill."""
    start = ChinaDay.of(today(shop)).end - timedelta(seconds=2)
    await to(shop, start.date(), start.time())
    await sell(shop, 4, 0)
    day = start.date()
    await to(shop, day + timedelta(days=2), time(10))

    runs_of_both = [await reconcile(shop, it) for it in (day, day + timedelta(days=1))]

    assert [(run.row.lines, run.told) for run in runs_of_both] == [(2, []), (2, [])]


async def test_a_refund_waits_for_the_balance_until_the_next_day(shop: Shop) -> None:
    buyer, operator = await shop.buyer(), await shop.operator()
    paid = await shop.paid(buyer, await shop.product(1250))
    await shop.switch(notEnough=True)
    await shop.refund(operator, paid["id"], 400)
    day = await next_morning(shop)
    await shop.switch()
    await shop.sync(buyer, paid["id"])
    await shop.advance(40)
    await shop.delivered()
    assert [refund.status for refund in await shop.refund_rows(paid["id"])] == ["SUCCESS"]
    second = await next_morning(shop)

    assert [(await reconcile(shop, it)).told for it in (day, second)] == [[], []]

    # and a row that is missing in the bill of the second day is missed there
    [refund] = await shop.refund_rows(paid["id"])
    foreign: dict[str, Any] = {"fault": "add", "transactionId": "4200X", "outTradeNo": "X", "date": second.isoformat()}
    await plant(shop, foreign, {"fault": "drop", "outRefundNo": refund.number})
    assert (await reconcile(shop, day)).sorts == []
    assert (await reconcile(shop, second)).sorts == [("refund only here", False)]


async def test_an_empty_day_is_one_of_which_wechat_said_so_twice_hours_apart(shop: Shop) -> None:
    # given
    day = await next_morning(shop)
    # when
    for moment in (time(10, 1), time(10, 5), time(12, 59)):
        await to(shop, day + timedelta(days=1), moment)
        with pytest.raises(Unavailable, match="believed once it was said twice, 3 hours apart"):
            await reconcile(shop, day)
    # then
    assert await runs(shop) == 0
    await to(shop, day + timedelta(days=1), time(13, 5))
    run = await reconcile(shop, day)
    assert (run.row.lines, run.told, run.begun, run.steps, await runs(shop)) == (0, [], [0], [], 1)


async def test_a_day_of_which_the_books_have_something_is_not_empty(shop: Shop) -> None:
    # given
    paid = await shop.paid(await shop.buyer(), await shop.product(1250))
    day = await next_morning(shop)
    await plant(shop, {"fault": "drop", "outTradeNo": paid["number"]})
    # when
    for hours in (0, 4, 4):
        await shop.advance(hours * 3600)
        with pytest.raises(Unavailable, match="there is no bill of"):
            await reconcile(shop, day)
    # then
    assert (await runs(shop), await bill_incidents(shop)) == (0, [])
    await plant(shop)
    run = await reconcile(shop, day)
    assert (run.row.lines, run.told, await runs(shop)) == (1, [], 1)


async def test_a_moment_that_wechat_left_out_is_asked_for(shop: Shop) -> None:
    """Where no time of success was told, the books say when it was heard of: that may be another day."""
    paid = await shop.paid(await shop.buyer(), await shop.product(1250))
    day = await next_morning(shop)
    heard = now(shop).replace(microsecond=5)

    async def forget() -> int:
        return await Payment.filter(order_id=paid["id"]).update(paid_at=heard)

    assert await shop.units.run(forget) == 1
    await shop.paid(await shop.buyer(), await shop.product(1250))
    second = await next_morning(shop)

    assert [(await reconcile(shop, it)).told for it in (day, second)] == [[], []]


async def test_a_day_that_is_not_over_is_refused_and_nothing_is_asked(shop: Shop) -> None:
    before = await shop.calls(TRADE_BILL)

    with pytest.raises(BadRequest, match="is ready from 10:00"):
        await reconcile(shop, today(shop))

    assert (await shop.calls(TRADE_BILL), await runs(shop)) == (before, 0)


async def one_lost_payment(shop: Shop) -> tuple[str, date]:
    """The id of an order whose payment is only in the bill."""
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product(1250))
    await shop.notifications("drop")
    await shop.phone(buyer, made["paymentParams"])
    await shop.delivered()
    return str(made["order"]["id"]), await next_morning(shop)


@pytest.mark.parametrize("fault", ["hash", "truncate", "header", "summary"])
async def test_a_broken_bill_changes_nothing(shop: Shop, fault: str) -> None:
    order_id, day = await one_lost_payment(shop)
    await plant(shop, {"fault": fault})

    with pytest.raises(Unavailable, match="did not come whole"):
        await reconcile(shop, day)

    assert (await shop.row(order_id)).status == "PENDING"
    assert (await runs(shop), await bill_incidents(shop)) == (0, [])
    await plant(shop)
    assert (await reconcile(shop, day)).row.repaired == 1


@pytest.mark.parametrize(
    ("fault", "path", "kind", "said"),
    [
        ("code:STATEMENT_CREATING", TRADE_BILL, Unavailable, "half an hour"),
        ("bad-signature", TRADE_BILL, Unavailable, "no answer to rely on"),
        ("code:NO_AUTH", TRADE_BILL, WeChatProblem, "refuses this server's configuration"),
        ("code:INVALID_REQUEST", DOWNLOAD, WeChatProblem, "refused"),
        ("http:502", DOWNLOAD, Unavailable, "no answer to rely on"),
        ("garbage", DOWNLOAD, Unavailable, "did not come whole"),
        ("reset-after", DOWNLOAD, Unavailable, "no answer to rely on"),
    ],
)
async def test_a_download_that_fails_changes_nothing(
    shop: Shop, fault: str, path: str, kind: type[Exception], said: str
) -> None:
    order_id, day = await one_lost_payment(shop)
    await shop.fault(fault, path, times=9)

    with pytest.raises(kind, match=said):
        await reconcile(shop, day)

    assert ((await shop.row(order_id)).status, await runs(shop)) == ("PENDING", 0)


async def test_wechat_is_asked_four_times_before_a_run_gives_up(shop: Shop) -> None:
    # given
    order_id, day = await one_lost_payment(shop)
    pauses = Pauses()
    await shop.fault("code:FREQUENCY_LIMITED", BY_TRANSACTION_ID, times=4)
    # when
    with pytest.raises(Unavailable, match="what was repaired stays"):
        await reconcile(shop, day, pauses=pauses)
    # then
    assert pauses.seconds == [1.0, 3.0, 10.0]
    assert (await runs(shop), await bill_incidents(shop)) == (0, [])
    run = await reconcile(shop, day)
    assert (run.sorts, (await shop.row(order_id)).status) == ([("payment only there", True)], "PAID")


async def test_a_row_of_an_order_that_is_not_ours_is_not_asked_about(shop: Shop) -> None:
    await sell(shop, 1, 0)
    row: dict[str, Any] = {"transactionId": "4200X", "outTradeNo": "X", "amount": 5, "appid": shop.appids[0]}
    await plant(shop, {"fault": "add", **row})
    day = await next_morning(shop)
    before = [await shop.calls(path) for path in (BY_TRANSACTION_ID, QUERY_PATH)]

    run = await reconcile(shop, day)

    assert run.sorts == [("payment only there", False)]
    assert [await shop.calls(path) for path in (BY_TRANSACTION_ID, QUERY_PATH)] == before
    assert await bill_incidents(shop) == [("bill_only_there", "4200X", "4200X")]


async def test_without_a_merchant_account_there_is_no_bill(database_url: str) -> None:
    async with open_world(database_url) as world:
        with pytest.raises(WeChatProblem, match="no merchant account"):
            await reconcile(world, yesterday(now(world)) - timedelta(days=1))
