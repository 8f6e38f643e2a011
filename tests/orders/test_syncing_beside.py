"""syncOrder on two servers: the second shares the answer of the first, a failure too, and asks after its turn."""

import asyncio
from typing import Any

import pytest

from tests.orders.asking import beside, calls, calls_since
from tests.shop import QUERY_PATH, SYNC, Buyer, Shop, open_shop

pytestmark = pytest.mark.anyio


async def paid_unheard(shop: Shop) -> tuple[Buyer, str]:
    """An order that was paid, of which the servers hear nothing; buyer and id."""
    buyer = await shop.buyer()
    made = await shop.ordered(buyer, await shop.product())
    await shop.notifications("drop")
    assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
    return buyer, made["order"]["id"]


async def both(shop: Shop, fault: str, times: int = 1) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
    """What two servers answer, the second of which is asked while the first waits for WeChat; the calls it took."""
    async with beside(shop) as other:
        buyer, order_id = await paid_unheard(shop)
        await shop.fault(fault, QUERY_PATH, times)
        before = await calls(shop)

        async def second() -> Any:
            await asyncio.sleep(0.3)
            return await other(SYNC, buyer, {"id": order_id})

        first, second_answer = await asyncio.gather(shop.sync(buyer, order_id), second())
        return first, second_answer, await calls_since(shop, before)


async def test_the_second_waits_for_the_answer_of_the_first(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        first, second, made = await both(shop, "delay:1")

        assert [it["order"]["status"] for it in (first, second)] == ["PAID", "PAID"]
        assert made == {"query": 1}


async def test_the_second_shares_the_failure_of_the_first(database_url: str) -> None:
    async with open_shop(database_url) as shop, beside(shop) as other:
        # given
        buyer, order_id = await paid_unheard(shop)
        await shop.fault("http:429", QUERY_PATH)
        before = await calls(shop)
        # when
        results = [await shop.sync(buyer, order_id)]
        results += [await other(SYNC, buyer, {"id": order_id}) for _ in range(3)]
        # then
        assert [(it["code"], it["recovery"]) for it in results] == [("WECHAT_UNAVAILABLE", "RETRY")] * 4
        assert await calls_since(shop, before) == {"query": 1}
        # when
        await shop.advance(2)
        results = [await other(SYNC, buyer, {"id": order_id}), await shop.sync(buyer, order_id)]
        # then
        assert [it["order"]["status"] for it in results] == ["PAID", "PAID"]
        assert await calls_since(shop, before) == {"query": 2}


async def test_the_second_that_waits_for_the_first_shares_its_failure(database_url: str) -> None:
    async with open_shop(database_url, wechat_timeout=1) as shop:
        first, second, made = await both(shop, "delay:3", 2)

        assert [it["code"] for it in (first, second)] == ["WECHAT_UNAVAILABLE"] * 2
        assert made["query"] <= 2  # one question: a read is sent again within its time


async def test_the_second_asks_itself_once_the_turn_of_the_first_is_over(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # A question is asked again within its time: both of the first server's go unanswered.
        first, second, made = await both(shop, "delay:6", 2)

        assert (first["__typename"], first["code"]) == ("WeChatProblem", "WECHAT_UNAVAILABLE")
        assert (second["__typename"], second["order"]["status"]) == ("SyncOrderSuccess", "PAID")
        assert made["query"] >= 2
