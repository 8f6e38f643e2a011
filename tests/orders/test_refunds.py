"""Refunds by operators, rules 20 and 23 of the money protocol: reserved first, counted when WeChat has paid them."""

import asyncio
import json
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.orders.refund_requests import A_MINUTE_LATER, SUCCESS, Desk
from tests.orders.steps import pass_time
from tests.shop import REFUND, open_shop
from tests.world import error_codes

pytestmark = pytest.mark.anyio


async def test_20_the_amount_is_reserved_and_the_bytes_are_written_before_wechat_hears_of_it(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        seen: list[Any] = []

        async def look(body: bytes) -> None:
            seen.append((await desk.claims(order_id), (await desk.row(order_id)).body.encode() == body))

        desk.before = look
        # when
        result = await desk.refund(order_id, 1000, reason="坏了")
        # then
        assert seen == [((1000, 1, 0), True)]
        row = await desk.row(order_id)
        assert (result["refund"]["id"], result["refund"]["status"]) == (row.id, "PROCESSING")
        body = json.loads(row.body)
        assert body["amount"] == {"refund": 1000, "total": 1250, "currency": "CNY"}
        assert (body["out_refund_no"], body["reason"]) == (row.number, "坏了")
        assert body["transaction_id"] == (await desk.payment(order_id)).transaction_id
        assert body["notify_url"].startswith(shop.url)
        assert row.operator_id == desk.operator.user_id


async def test_20_the_same_key_is_the_same_refund_for_ever(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id, other_id = await desk.paid(1250), await desk.paid(1250)
        # when
        many = await asyncio.gather(*(desk.refund(order_id, 400) for _ in range(20)))
        # then
        [first] = {result["refund"]["id"] for result in many}
        assert await desk.claims(order_id) == (400, 1, 0)
        # when
        for seconds in (40, A_MINUTE_LATER, 90_000):
            await desk.passes(seconds)
            again = await desk.refund(order_id, 400)
            # then
            assert (again["refund"]["id"], again["refund"]["status"]) == (first, "SUCCESS")
        assert await desk.refused(order_id, 401) == "IDEMPOTENCY_CONFLICT"
        assert await desk.refused(order_id, 400, reason="other") == "IDEMPOTENCY_CONFLICT"
        assert len(set(desk.sent)) == 1
        # when
        another = await desk.refund(other_id, 400)
        # then
        assert another["refund"]["id"] != first
        assert await desk.claims(other_id) == (400, 1, 0)


async def test_20_two_operators_share_the_keys_of_an_order(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk, colleague = await Desk.open(shop), await shop.operator()
        order_id = await desk.paid(1250)
        first = await desk.refund(order_id, 400)
        # when
        again = await shop.refund(colleague, order_id, 400, "key")
        own = await shop.refund(colleague, order_id, 500, "another")
        # then
        assert again["refund"]["id"] == first["refund"]["id"]
        assert own["refund"]["id"] != first["refund"]["id"]
        rows = await shop.refund_rows(order_id)
        assert [(row.amount, row.operator_id) for row in rows] == [
            (400, desk.operator.user_id),
            (500, colleague.user_id),
        ]


async def test_20_a_hundred_at_once_never_reserve_more_than_was_paid(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk, drawn = await Desk.open(shop), random.Random(20)
        order_id = await desk.paid(30_000)
        amounts = [drawn.randint(1, 2_000) for _ in range(100)]
        # when
        results = await asyncio.gather(
            *(desk.insists(order_id, amount, f"key-{place}") for place, amount in enumerate(amounts))
        )
        # then
        taken = [amount for amount, it in zip(amounts, results, strict=True) if it["__typename"] == SUCCESS]
        assert {it["code"] for it in results if it["__typename"] != SUCCESS} == {"REFUND_NOT_ALLOWED"}
        assert await desk.claims(order_id) == (sum(taken), len(taken), 0)
        assert 28_000 < sum(taken) <= 30_000
        assert len(desk.sent) == 1
        await shop.assert_sound()


async def test_20_fifty_parts_at_most(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(100)
        # when
        results = await asyncio.gather(*(desk.insists(order_id, 1, f"key-{it}") for it in range(60)))
        # then
        assert sum(it["__typename"] == SUCCESS for it in results) == 50
        assert await desk.claims(order_id) == (50, 50, 0)
        assert await desk.refused(order_id, 1, "one more") == "REFUND_NOT_ALLOWED"
        assert await desk.refused(order_id, None, "the rest") == "REFUND_NOT_ALLOWED"


async def test_20_refunds_of_the_system_reserve_too(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk, tea = await Desk.open(shop), await shop.product(1250)
        order = (await shop.ordered(desk.buyer, tea))["order"]
        await shop.cancel(desk.buyer, order["id"])
        # when
        await shop.order("payments", {"outTradeNo": order["number"]})
        await shop.delivered()
        # then
        assert await desk.claims(order["id"]) == (1250, 1, 0)
        row = await desk.row(order["id"])
        assert (row.source, row.operator_id, row.amount) == ("system", None, 1250)
        async with asyncio.timeout(10):  # it is sent beside the answer
            while (await desk.row(order["id"])).refund_id is None:  # noqa: ASYNC110  (a row tells nobody)
                await asyncio.sleep(0.02)
        assert await desk.refused(order["id"], 1) == "REFUND_NOT_ALLOWED"


async def test_20_what_cannot_be_refunded_is_refused_and_reserves_nothing(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk, tea = await Desk.open(shop), await shop.product(1250)
        unpaid = (await shop.ordered(desk.buyer, tea))["order"]["id"]
        closed = (await shop.ordered(desk.buyer, tea))["order"]["id"]
        await shop.cancel(desk.buyer, closed)
        paid = await desk.paid(1250)
        # then
        assert await desk.refused(unpaid, 1) == "REFUND_NOT_ALLOWED"
        assert await desk.refused(closed, 1) == "REFUND_NOT_ALLOWED"
        assert await desk.refused(paid, 1251) == "REFUND_NOT_ALLOWED"
        # when
        await desk.refund(paid, 1000)
        # then
        assert await desk.refused(paid, 251, "another") == "REFUND_NOT_ALLOWED"
        rest = await desk.refund(paid, None, "the rest")
        assert rest["refund"]["amount"]["amount"] == 250
        assert await desk.refused(paid, None, "more") == "REFUND_NOT_ALLOWED"
        assert await desk.refused(paid, 1, "more") == "REFUND_NOT_ALLOWED"
        assert (await shop.show(desk.buyer, unpaid))["status"] == "PENDING"


async def test_20_a_refusal_uses_up_no_key(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        # when
        assert await desk.refused(order_id, 1251) == "REFUND_NOT_ALLOWED"
        assert await desk.refused(order_id, 0) == "INVALID_INPUT"
        # then
        assert (await desk.refund(order_id, 1250))["refund"]["amount"]["amount"] == 1250


async def test_20_the_input_is_checked_whole(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        # when
        wrong = await shop.refund(desk.operator, order_id, 0, "k" * 65, reason="字" * 27)
        # then
        assert wrong["__typename"] == "InvalidInput"
        assert [issue["field"] for issue in wrong["issues"]] == ["idempotencyKey", "reason", "amount"]
        for amount, key, reason, field in (
            (-1, "key", None, "amount"),
            (1, " ", None, "idempotencyKey"),
            (1, "a\0b", None, "idempotencyKey"),
            (1, "key", "a" * 81, "reason"),
            (1, "key", "字" * 26 + "abc", "reason"),
            (1, "key", "a\nb", "reason"),
        ):
            result = await shop.refund(desk.operator, order_id, amount, key, reason=reason)
            assert [issue["field"] for issue in result["issues"]] == [field], result
        assert await desk.books(order_id) == [[(0, 0, 0)], [], [1250], 0]
        # when
        longest, nothing = "字" * 26 + "ab", "  "
        await desk.refund(order_id, 1, "k" * 64, reason=longest)
        await desk.refund(order_id, 1, "another", reason=nothing)
        # then
        bodies = [json.loads(row.body) for row in await shop.refund_rows(order_id)]
        assert [body.get("reason") for body in bodies] == [longest, None]


async def test_20_only_operators_refund(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk, stranger = await Desk.open(shop), await shop.buyer()
        order_id = await desk.paid(1250)
        wanted = {"input": {"orderId": order_id, "amount": 1, "idempotencyKey": "key"}}
        before = await desk.books(order_id)
        # when
        for token, code in ((None, "UNAUTHENTICATED"), (desk.buyer.token, "FORBIDDEN"), (stranger.token, "FORBIDDEN")):
            answer = await shop.ask(REFUND, token, wanted)
            # then
            assert error_codes(answer) == [code]
            assert await desk.books(order_id) == before
        # when
        assert (await desk.refund(order_id, 1))["refund"]["status"] == "PROCESSING"
        # then
        for unknown in (order_id[:-1] + ("0" if order_id[-1] != "0" else "1"), "ord_1", "", desk.buyer.user_id):
            result = await shop.refund(desk.operator, unknown, 1)
            assert result["code"] == "ORDER_NOT_FOUND", result


async def test_23_only_money_that_went_back_counts(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250, stock=5)
        tea = shop.products[-1]
        expected = [(400, "PARTIALLY_REFUNDED", 400), (600, "PARTIALLY_REFUNDED", 1000), (250, "REFUNDED", 1250)]
        before = ("PAID", 0)
        for place, (amount, status, refunded) in enumerate(expected):
            # when
            result = await desk.refund(order_id, amount, f"key-{place}")
            # then
            shown = result["order"]
            assert (shown["status"], shown["refunded"]["amount"]) == before
            assert await desk.claims(order_id) == (refunded, place + 1, refunded - amount)
            # when
            await desk.passes(A_MINUTE_LATER)
            # then
            shown = await shop.show(desk.buyer, order_id)
            before = (status, refunded)
            assert (shown["status"], shown["refunded"]["amount"]) == before
            assert shown["refunds"][-1]["completedAt"] is not None
        assert await shop.ledger(order_id) == [1250, -400, -600, -250]
        assert await shop.stock(tea) == 4
        assert await shop.incidents() == []
        await shop.assert_sound()


async def test_23_news_of_a_refund_is_booked_once_whoever_brings_it(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await shop.notifications("duplicate")
        await desk.refund(order_id, 1000)
        # when
        await pass_time(shop, A_MINUTE_LATER)
        await asyncio.gather(shop.delivered(), desk.sync(order_id), desk.refund(order_id, 1000))
        await desk.passes(A_MINUTE_LATER)
        await desk.sync(order_id)
        # then
        assert await shop.ledger(order_id) == [1250, -1000]
        assert await desk.claims(order_id) == (1000, 1, 1000)
        assert (await shop.show(desk.buyer, order_id))["status"] == "PARTIALLY_REFUNDED"


async def test_23_an_abnormal_refund_stays_reserved_until_it_is_mended_by_hand(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await shop.switch(refundOutcome="ABNORMAL")
        # when
        result = await desk.refund(order_id, 1000)
        await desk.passes(A_MINUTE_LATER)
        # then
        shown = await shop.show(desk.buyer, order_id)
        assert (shown["status"], shown["refunded"]["amount"], shown["refunds"][0]["status"]) == ("PAID", 0, "ABNORMAL")
        assert await desk.claims(order_id) == (1000, 1, 0)
        assert await desk.incidents() == [("refund_abnormal", result["refund"]["id"])]
        assert await desk.refused(order_id, 251, "another") == "REFUND_NOT_ALLOWED"
        # when
        [at_wechat] = shop.sandbox.wechat.state.refunds.values()
        at_wechat.status = "SUCCESS"
        await pass_time(shop, A_MINUTE_LATER)
        shown = await desk.sync(order_id)
        # then
        assert (shown["status"], shown["refunded"]["amount"]) == ("PARTIALLY_REFUNDED", 1000)
        assert await shop.ledger(order_id) == [1250, -1000]
        assert len(desk.sent) == 1
        await shop.assert_sound()


async def test_23_who_refunded_what_stays_recorded(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        desk = await Desk.open(shop)
        order_id = await desk.paid(1250)
        await desk.refund(order_id, 400)
        number = (await shop.row(order_id)).number
        # when
        await shop.order("console/refund", {"outTradeNo": number, "amount": 50})
        await desk.passes(A_MINUTE_LATER)
        # then
        rows = await shop.refund_rows(order_id)
        assert sorted((row.source, row.operator_id, row.amount, row.status) for row in rows) == [
            ("console", None, 50, "SUCCESS"),
            ("operator", desk.operator.user_id, 400, "SUCCESS"),
        ]
        assert all(row.created_at - timedelta(minutes=5) < (row.completed_at or row.created_at) for row in rows)
        await shop.assert_sound()
