"""Rules 3 and 6: until when, and from where, an order can be paid."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.orders import closes_at, next_question, payable_until
from models.orders import Order
from server.settings import SettingsError, read_settings
from services.orders.prepaying import is_payable
from tests.databases import Databases
from tests.orders.asking import advance_to, calls, calls_since
from tests.shop import PREPAY_PATH, Buyer, Shop, open_shop

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(("minutes", "is_allowed"), [(4, False), (5, True), (30, True), (110, True), (111, False)])
def test_rule_03_an_order_lives_five_to_a_hundred_and_ten_minutes(minutes: int, is_allowed: bool) -> None:
    if is_allowed:
        assert read_settings(_env_file=None, order_ttl=minutes).order_ttl == minutes
    else:
        with pytest.raises(SettingsError):
            read_settings(_env_file=None, order_ttl=minutes)


def test_rule_03_it_is_half_an_hour_unless_set() -> None:
    assert read_settings(_env_file=None).order_ttl == 30


def test_rule_03_the_guard_is_sixty_seconds_at_both_ends() -> None:
    order = Order(status="PENDING", expires_at=NOON)

    assert (payable_until(NOON), closes_at(NOON)) == (NOON - timedelta(seconds=60), NOON + timedelta(seconds=60))
    assert is_payable(order, NOON - timedelta(seconds=60) - MILLISECOND)
    assert not is_payable(order, NOON - timedelta(seconds=60))


def test_rule_07_the_ladder_is_counted_from_the_commit_and_ends_with_the_order() -> None:
    end = NOON + timedelta(minutes=30)
    asked, now = [], NOON
    while (now := next_question(NOON, end, now)) <= closes_at(end):
        asked.append((now - NOON).total_seconds())

    assert asked == [5, 30, 60, 180, 300, 600, 1800, 1860]
    assert next_question(NOON, end, closes_at(end)) == closes_at(end) + timedelta(seconds=30)


async def test_rule_03_within_the_last_minute_nothing_is_given_out_without_any_worker(shop: Shop) -> None:
    # given: one order that has a prepay_id, and one that never got any
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    with_id = (await shop.ordered(buyer, tea, key="with"))["order"]
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, tea, key="without"))["code"] == "WECHAT_UNAVAILABLE"
    end = (await shop.row(with_id["id"])).expires_at
    # when: there are some seconds more than a minute
    await advance_to(shop, end, -70)
    # then
    assert (await shop.pay(buyer, with_id["id"]))["__typename"] == "PayOrderSuccess"
    assert (await shop.show(buyer, with_id["id"]))["canPay"] is True
    # when: there are less, for the one with an id and for the one without
    await advance_to(shop, end, -59)
    before = await calls(shop)
    results = [
        await shop.pay(buyer, with_id["id"]),
        await shop.create(buyer, tea, key="with"),
        await shop.create(buyer, tea, key="without"),
    ]
    # then
    assert {(result["__typename"], result["code"]) for result in results} == {("OrderProblem", "ORDER_NOT_PAYABLE")}
    assert {(each["order"]["status"], each["order"]["canPay"], each["order"]["canCancel"]) for each in results} == {
        ("PENDING", False, True)
    }
    assert await calls_since(shop, before) == {}
    assert await shop.stock(tea) == 3


async def test_rule_03_closing_starts_a_minute_after_the_end(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea))["order"]
    end, before = (await shop.row(order["id"])).expires_at, await calls(shop)
    # when
    await advance_to(shop, end, 50)
    synced = await shop.sync(buyer, order["id"])
    # then
    assert (synced["__typename"], synced["order"]["status"]) == ("SyncOrderSuccess", "PENDING")
    assert await calls_since(shop, before) == {"query": 1}
    # when
    await advance_to(shop, end, 60)
    synced = await shop.sync(buyer, order["id"])
    # then
    assert (synced["order"]["status"], synced["order"]["payment"]["tradeState"]) == ("CLOSED", "CLOSED")
    assert await calls_since(shop, before) == {"query": 2, "close": 1}
    assert ((await shop.at_wechat(order["number"]))["tradeState"], await shop.stock(tea)) == ("CLOSED", 5)


async def test_rule_03_who_pays_in_the_last_seconds_has_paid(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(stock=5)
    made = await shop.ordered(buyer, tea)
    end = (await shop.row(made["order"]["id"])).expires_at
    await shop.notifications("drop")

    await advance_to(shop, end, -10)
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    await advance_to(shop, end, 61)
    synced = await shop.sync(buyer, made["order"]["id"])

    assert (synced["order"]["status"], synced["order"]["closedAt"]) == ("PAID", None)
    assert (await shop.stock(tea), await shop.unpaid(buyer)) == (4, 0)


@pytest.mark.parametrize("minutes", [5, 110])
async def test_rule_03_wechat_is_told_the_same_end(shared_databases: Databases, minutes: int) -> None:
    async with open_shop(shared_databases.fresh(), order_ttl=minutes) as shop:
        order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]

        life = datetime.fromisoformat(order["expiresAt"]) - datetime.fromisoformat(order["createdAt"])
        assert minutes * 60 - 1 <= life.total_seconds() <= minutes * 60
        assert datetime.fromisoformat(
            (await shop.at_wechat(order["number"]))["payableUntil"]
        ) == datetime.fromisoformat(order["expiresAt"])


async def two_selves(shop: Shop, unionid: str) -> tuple[Buyer, Buyer]:
    """One user, signed in with each of two mini programs."""
    first, second = shop.appids
    here = await shop.buyer(first, unionid=unionid)
    there = await shop.buyer(second, unionid=unionid)
    assert here.user_id == there.user_id
    return here, there


async def test_rule_06_parameters_are_given_out_only_where_the_order_was_made(shop: Shop) -> None:
    # given
    here, there = await two_selves(shop, "o-union-of-two-selves-00001")
    tea = await shop.product(stock=5)
    made = await shop.ordered(here, tea, key="k")
    before = await calls(shop)
    # when
    results = [await shop.pay(there, made["order"]["id"]), await shop.create(there, tea, key="k")]
    # then
    for result in results:
        assert (result["__typename"], result["code"]) == ("OrderProblem", "ORDER_NOT_PAYABLE")
        assert result["order"] == made["order"] | {"canPay": False}
    assert (await shop.show(here, made["order"]["id"]))["canPay"] is True
    assert (await shop.show(there, made["order"]["id"]))["canPay"] is False
    assert (await calls_since(shop, before), await shop.stock(tea)) == ({}, 4)
    assert (await shop.pay(here, made["order"]["id"]))["__typename"] == "PayOrderSuccess"


async def test_rule_06_sync_and_cancel_work_from_any(shop: Shop) -> None:
    here, there = await two_selves(shop, "o-union-of-two-selves-00002")
    tea = await shop.product(stock=5)
    await shop.notifications("drop")
    paid, unpaid = await shop.ordered(here, tea), await shop.ordered(here, tea)
    assert await shop.phone(here, paid["paymentParams"]) == "requestPayment:ok"

    synced = await shop.sync(there, paid["order"]["id"])
    cancelled = await shop.cancel(there, unpaid["order"]["id"])

    assert (synced["__typename"], synced["order"]["status"]) == ("SyncOrderSuccess", "PAID")
    assert (cancelled["__typename"], cancelled["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
    assert (await shop.at_wechat(unpaid["order"]["number"]))["tradeState"] == "CLOSED"
    assert (await shop.stock(tea), await shop.unpaid(here)) == (4, 0)


async def test_rule_06_without_a_prepay_id_none_is_made_for_another_mini_program(shop: Shop) -> None:
    here, there = await two_selves(shop, "o-union-of-two-selves-00003")
    tea = await shop.product()
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(here, tea, key="k"))["code"] == "WECHAT_UNAVAILABLE"
    before = await calls(shop)

    result = await shop.create(there, tea, key="k")

    assert (result["__typename"], result["code"]) == ("OrderProblem", "ORDER_NOT_PAYABLE")
    assert await calls_since(shop, before) == {}
    assert (await shop.ordered(here, tea, key="k"))["order"]["id"] == result["order"]["id"]
