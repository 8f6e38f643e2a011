"""What WeChat makes of a refund, rules 21 and 22 of the money protocol: unknown, refused for good, closed."""

from typing import Any

import pytest

from tests.orders.asking import forget_failures
from tests.orders.refund_requests import A_MINUTE_LATER, SUCCESS, Desk
from tests.orders.steps import held_notifications, pass_time
from tests.shop import REFUND_PATH, REFUND_QUERY_PATH, open_shop
from tests.world import quiet

pytestmark = pytest.mark.anyio

WITHOUT_BALANCE = "code:NOT_ENOUGH"
NOT_ARRIVED = (
    *("http:500", "http:503", "code:SYSTEM_ERROR", "code:BANK_ERROR", "code:FREQUENCY_LIMITED", "reset"),
    *(WITHOUT_BALANCE, "code:RESOURCE_NOT_EXISTS"),
)
ARRIVED = ("reset-after", "garbage", "bad-signature", "delay:3")
NO_WORD_ON_THE_REFUND = ("code:SIGN_ERROR", "code:NO_AUTH", "code:TRADE_ERROR", "code:RULE_LIMIT", "code:ACCOUNT_ERROR")
DEFINITE = ("INVALID_REQUEST", "PARAM_ERROR", "USER_ACCOUNT_ABNORMAL", "TRADE_OVERDUE", "REFUND_FEE_MISMATCH")


async def _again(desk: Desk, how: str, order_id: str) -> None:
    if how == "refundOrder":
        await desk.refund(order_id, 1000)
    else:
        await desk.sync(order_id)


@pytest.mark.parametrize("how", ["refundOrder", "syncOrder"])
async def test_21_what_did_not_arrive_is_sent_again_with_the_same_bytes(database_url: str, how: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        orders = {fault: await desk.paid(1250) for fault in (*NOT_ARRIVED, *NO_WORD_ON_THE_REFUND)}
        # when
        for fault, order_id in orders.items():
            await desk.meets(fault)
            result = await desk.refund(order_id, 1000)
            # then
            assert (result["__typename"], result["refund"]["status"]) == (SUCCESS, "PROCESSING"), fault
            assert await desk.claims(order_id) == (1000, 1, 0), fault
        first = list(desk.sent)
        assert len(set(first)) == len(orders)
        # when
        forget_failures(shop)
        await pass_time(shop, 20)
        for order_id in orders.values():
            await _again(desk, how, order_id)
        # then
        assert desk.sent == first
        assert desk.at_wechat() == {}
        # when
        await pass_time(shop, A_MINUTE_LATER)
        for order_id in orders.values():
            await _again(desk, how, order_id)
        # then
        # Without balance it waits an hour, unless the operator insists.
        waiting = [
            body for fault, body in zip(orders, first, strict=True) if (fault, how) == (WITHOUT_BALANCE, "syncOrder")
        ]
        assert desk.sent == [*first, *(body for body in first if body not in waiting)]
        if waiting:
            await pass_time(shop, 3600)
            await desk.sync(orders[WITHOUT_BALANCE])
        await desk.passes(A_MINUTE_LATER)
        for fault, order_id in orders.items():
            assert await desk.statuses(order_id) == ["SUCCESS"], fault
            assert await desk.claims(order_id) == (1000, 1, 1000), fault
        await shop.assert_sound()


@pytest.mark.parametrize("how", ["refundOrder", "syncOrder"])
async def test_21_what_arrived_without_an_answer_is_found_and_not_sent_again(database_url: str, how: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        orders = {fault: await desk.paid(1250) for fault in ARRIVED}
        for fault, order_id in orders.items():
            await desk.meets(fault)
            # when
            result = await desk.refund(order_id, 1000)
            # then
            assert (result["__typename"], result["refund"]["status"]) == (SUCCESS, "PROCESSING"), fault
        await shop.notifications("drop")
        forget_failures(shop)
        # when
        await pass_time(shop, A_MINUTE_LATER)
        for order_id in orders.values():
            await _again(desk, how, order_id)
        # then
        assert len(desk.sent) == len(orders)
        for fault, order_id in orders.items():
            assert await desk.statuses(order_id) == ["SUCCESS"], fault
            assert await shop.ledger(order_id) == [1250, -1000], fault


async def test_21_nothing_is_sent_while_wechat_does_not_say_whether_it_knows_the_refund(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await desk.meets("http:500")
        await desk.refund(order_id, 1000)
        for fault in ("http:500", "reset", "garbage", "code:FREQUENCY_LIMITED", "code:SIGN_ERROR"):
            await pass_time(shop, A_MINUTE_LATER)
            await desk.meets(fault, REFUND_QUERY_PATH, times=100)
            # when
            result = await desk.refund(order_id, 1000)
            await shop.sync(desk.buyer, order_id)
            # then
            assert result["refund"]["status"] == "PROCESSING", fault
            assert await desk.claims(order_id) == (1000, 1, 0), fault
            assert len(desk.sent) == 1, fault


async def test_21_one_request_a_minute_for_a_payment(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await shop.switch(oneRefundAMinute=True)
        # when
        for place in range(3):
            assert (await desk.refund(order_id, 100, f"key-{place}"))["refund"]["status"] == "PROCESSING"
        # then
        assert (len(desk.sent), len(desk.at_wechat())) == (1, 1)
        # when
        await pass_time(shop, 40)
        await desk.refund(order_id, 100, "key-1")
        # then
        assert len(desk.sent) == 1
        for expected in (2, 3, 3):
            # when
            await pass_time(shop, A_MINUTE_LATER)
            await desk.sync(order_id)
            # then
            assert (len(desk.sent), len(desk.at_wechat())) == (expected, expected)
        # when
        await desk.passes(A_MINUTE_LATER)
        # then
        assert await desk.statuses(order_id) == ["SUCCESS"] * 3
        assert await desk.claims(order_id) == (300, 3, 300)


async def test_21_without_balance_a_refund_waits_an_hour_and_the_operator_is_told_until_noted(
    database_url: str,
) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await shop.switch(notEnough=True)
        # when
        result = await desk.refund(order_id, 1000)
        # then
        row = await desk.row(order_id)
        assert (result["refund"]["status"], await desk.claims(order_id)) == ("PROCESSING", (1000, 1, 0))
        assert await desk.incidents() == [("not_enough", row.id)]
        assert _wait(row) == pytest.approx(3600, abs=30)
        # when
        await pass_time(shop, 20)
        await desk.sync(order_id)
        # then
        assert (len(desk.sent), (await desk.row(order_id)).due_at) == (1, row.due_at)
        # when
        await pass_time(shop, A_MINUTE_LATER)
        await desk.sync(order_id)
        # then
        assert len(desk.sent) == 1
        # when
        await pass_time(shop, 3600)
        await desk.sync(order_id)
        # then
        assert desk.sent == [desk.sent[0]] * 2
        assert await desk.incidents() == [("not_enough", row.id)]
        assert _wait(await desk.row(order_id)) == pytest.approx(3600, abs=30)
        # when
        await desk.note_incidents()
        await pass_time(shop, 3600)
        await desk.sync(order_id)
        # then
        assert await desk.incidents() == [("not_enough", row.id)] * 2
        # when
        await shop.switch()
        await pass_time(shop, 3600)
        await desk.sync(order_id)
        await desk.passes(A_MINUTE_LATER)
        # then
        assert desk.sent == [desk.sent[0]] * 4
        assert await shop.ledger(order_id) == [1250, -1000]


def _wait(refund: Any) -> float:
    """Seconds from the last request to the next."""
    return float((refund.due_at - refund.sent_at).total_seconds())


async def test_21_a_refund_that_wechat_accepted_and_forgot_is_told_and_sent_with_its_number(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await desk.refund(order_id, 1000)
        row = await desk.row(order_id)
        # when
        shop.sandbox.wechat.state.refunds.clear()
        await pass_time(shop, A_MINUTE_LATER)
        await desk.sync(order_id)
        # then
        assert desk.sent == [desk.sent[0]] * 2
        assert await desk.incidents() == [("refund_stuck", row.id)]
        assert await desk.claims(order_id) == (1000, 1, 0)
        assert list(desk.at_wechat()) == [row.number]


@pytest.mark.parametrize("how", ["refundOrder", "syncOrder"])
async def test_22_refused_for_good_twice_a_minute_apart_is_closed_and_released(database_url: str, how: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        orders = {code: await desk.paid(1250) for code in DEFINITE}
        for code, order_id in orders.items():
            await desk.meets(f"code:{code}")
            # when
            result = await desk.refund(order_id, 1000)
            await _again(desk, how, order_id)
            # then
            assert result["refund"]["status"] == "PROCESSING", code
            assert await desk.claims(order_id) == (1000, 1, 0), code
        first = list(desk.sent)
        assert len(first) == len(orders)
        # when
        await pass_time(shop, A_MINUTE_LATER)
        for code, order_id in orders.items():
            await desk.meets(f"code:{code}")
            await _again(desk, how, order_id)
            # then
            assert await desk.statuses(order_id) == ["CLOSED"], code
            assert await desk.claims(order_id) == (0, 0, 0), code
        assert desk.sent == [*first, *first]
        # when
        await pass_time(shop, A_MINUTE_LATER)
        for code, order_id in orders.items():
            old = await desk.refund(order_id, 1000)
            await desk.sync(order_id)
            # then
            assert (old["refund"]["status"], old["order"]["status"]) == ("CLOSED", "PAID"), code
        assert len(desk.sent) == 2 * len(orders)
        # when
        new = await desk.refund(orders["PARAM_ERROR"], 1250, "another")
        await desk.passes(A_MINUTE_LATER)
        # then
        assert new["refund"]["status"] == "PROCESSING"
        assert (await shop.show(desk.buyer, orders["PARAM_ERROR"]))["status"] == "REFUNDED"
        assert len(desk.at_wechat()) == 1
        assert await shop.incidents() == []
        await shop.assert_sound()


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (["code:INVALID_REQUEST", None], "SUCCESS"),
        (["code:INVALID_REQUEST", "http:500", "code:INVALID_REQUEST"], "CLOSED"),
        (["code:INVALID_REQUEST", "code:NOT_ENOUGH", None], "SUCCESS"),
        (["http:500", "code:INVALID_REQUEST", "reset-after"], "SUCCESS"),
        (["code:TRADE_ERROR"] * 4, "PROCESSING"),
        (["code:RESOURCE_NOT_EXISTS"] * 4, "PROCESSING"),
    ],
    ids=["taken-back", "in-between", "balance", "arrived", "another-word", "no-such-payment"],
)
async def test_22_only_two_definite_refusals_close(database_url: str, faults: list[str | None], status: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        # when
        for fault in faults:
            if fault is not None:
                await desk.meets(fault)
            await desk.refund(order_id, 1000)
            await pass_time(shop, A_MINUTE_LATER)
        await shop.delivered()
        # then
        assert await desk.statuses(order_id) == [status]
        assert len(set(desk.sent)) == 1
        assert (
            await desk.claims(order_id)
            == {
                "SUCCESS": (1000, 1, 1000),
                "PROCESSING": (1000, 1, 0),
                "CLOSED": (0, 0, 0),
            }[status]
        )


@pytest.mark.parametrize("news", ["notification", "syncOrder"])
async def test_22_what_wechat_closes_is_released_and_wants_a_new_key(database_url: str, news: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await shop.switch(refundOutcome="CLOSED")
        await shop.notifications("normal" if news == "notification" else "drop")
        # when
        await desk.refund(order_id, 1250)
        await desk.passes(A_MINUTE_LATER)
        if news == "syncOrder":
            await desk.sync(order_id)
        # then
        shown = await shop.show(desk.buyer, order_id)
        assert (shown["status"], shown["refunded"]["amount"], shown["refunds"][0]["status"]) == ("PAID", 0, "CLOSED")
        assert await desk.claims(order_id) == (0, 0, 0)
        assert (await desk.refund(order_id, 1250))["refund"]["status"] == "CLOSED"
        assert (len(desk.sent), await shop.incidents()) == (1, ["refund_closed"])  # the buyer was promised it
        # when
        await shop.switch()
        await shop.notifications("normal")
        await desk.refund(order_id, 1250, "another")
        await desk.passes(A_MINUTE_LATER)
        # then
        assert (await shop.show(desk.buyer, order_id))["status"] == "REFUNDED"
        assert await shop.ledger(order_id) == [1250, -1250]
        await shop.assert_sound()


async def test_22_a_refund_that_this_server_owes_and_that_is_closed_is_told(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await shop.switch(refundOutcome="CLOSED")
        # when
        await shop.order("payments", {"outTradeNo": (await shop.row(order_id)).number})
        await shop.delivered()
        await quiet()
        await desk.passes(A_MINUTE_LATER)
        # then
        row = await desk.row(order_id)
        assert (row.source, row.status) == ("system", "CLOSED")
        assert ("refund_closed", row.id) in await desk.incidents()
        assert (await shop.show(desk.buyer, order_id))["status"] == "PAID"
        await shop.assert_sound()


async def test_22_money_that_went_back_though_wechat_had_refused_it_twice_is_told_and_counts(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        lies = [
            {"path": REFUND_QUERY_PATH, "fault": "code:RESOURCE_NOT_EXISTS"},
            {"path": REFUND_PATH, "fault": "code:INVALID_REQUEST"},
        ]
        async with held_notifications(shop):
            await desk.meets("reset-after")
            await desk.refund(order_id, 1000)
            for _ in range(2):
                await pass_time(shop, A_MINUTE_LATER)
                await shop.order("faults", {"faults": lies}, "PUT")
                await desk.refund(order_id, 1000)
        assert await desk.statuses(order_id) == ["CLOSED"]
        # when
        await shop.delivered()
        # then
        row = await desk.row(order_id)
        assert desk.at_wechat() == {row.number: (1000, "SUCCESS")}
        assert await desk.incidents() == [("refund_differs", row.id)]
        assert (row.status, await desk.claims(order_id)) == ("SUCCESS", (1000, 1, 1000))
        assert await shop.ledger(order_id) == [1250, -1000]
