"""Rules 13 to 15: notices that come at once, before the answer to their prepay, or while the database is away."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from models.notices import Notice
from tests.databases import Databases, SqliteFolder
from tests.orders.notices import altered, pay_unseen, post, post_all, seal, second_server, tables
from tests.shop import Shop, open_shop

pytestmark = pytest.mark.anyio


async def inbox(shop: Shop, order_id: str) -> int:
    async def count() -> int:
        return await Notice.filter(order_id=order_id).count()

    return await shop.read(count)


@pytest.mark.parametrize("ids", [1, 20])
async def test_rule_15_twenty_at_once_on_two_servers_are_one_payment(shop: Shop, ids: int) -> None:
    # given
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    notice = await pay_unseen(shop, order["number"])
    copies = [notice if index % ids == 0 else altered(shop, notice) for index in range(20)]
    async with second_server(shop) as other:
        # when
        answers = await post_all([shop.url, other], [seal(shop, each) for each in copies], 20)
    # then
    assert {answer.status for answer in answers} == {204}
    assert await shop.ledger(order["id"]) == [1250]
    assert [payment.kind for payment in await shop.payments(order["id"])] == ["order"]
    assert (await inbox(shop, order["id"]), await shop.unpaid(buyer)) == (ids, 0)


async def test_rule_13_notice_question_and_cancellation_at_once(shop: Shop) -> None:
    # given
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product(stock=5)))["order"]
    notice = await pay_unseen(shop, order["number"])
    # when
    cancelled, synced, answers = await asyncio.gather(
        shop.cancel(buyer, order["id"]),
        shop.sync(buyer, order["id"]),
        post_all(shop.url, [seal(shop, notice)] * 10, 10),
    )
    # then
    assert (cancelled["code"], synced["__typename"]) == ("ORDER_NOT_CANCELLABLE", "SyncOrderSuccess")
    assert {answer.status for answer in answers} == {204}
    assert await shop.ledger(order["id"]) == [1250]
    assert ((await shop.row(order["id"])).status, await shop.stock(shop.products[-1])) == ("PAID", 4)


async def test_rule_15_a_notice_before_the_answer_to_its_prepay(shop: Shop) -> None:
    # given
    await shop.notifications("early")
    buyer = await shop.buyer()
    # when
    result = await shop.create(buyer, await shop.product(), key="early")
    # then
    assert (result["__typename"], result["code"]) == ("OrderProblem", "ORDER_NOT_PAYABLE")
    assert (result["order"]["status"], result["order"]["payment"]["tradeState"]) == ("PAID", "SUCCESS")
    assert await shop.ledger(result["order"]["id"]) == [1250]
    assert [attempt["status"] for attempt in (await shop.state())["notifications"][-1]["attempts"]] == [204]


async def test_rule_15_duplicates_probes_and_reordering_of_the_sandbox(shop: Shop) -> None:
    buyer, operator, tea = await shop.buyer(), await shop.operator(), await shop.product()
    for mode in ("duplicate", "signtest", "reordered"):
        # given
        made = await shop.ordered(buyer, tea)
        await shop.notifications(mode)
        # when
        assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
        if mode == "reordered":
            await shop.sync(buyer, made["order"]["id"])
            assert (await shop.refund(operator, made["order"]["id"], 250))["__typename"] == "RefundOrderSuccess"
        for _ in range(2):
            await shop.delivered()
            await shop.advance(61)
        await shop.delivered()
        # then
        assert await shop.ledger(made["order"]["id"]) == ([1250, -250] if mode == "reordered" else [1250]), mode
        await shop.notifications("normal")
    attempts = [each["attempts"] for each in (await shop.state())["notifications"][-4:]]
    assert [[each["status"] for each in one] for one in attempts] == [[204, 204], [401, 204], [204], [204]]


@asynccontextmanager
async def away(databases: Databases, url: str) -> AsyncIterator[None]:
    """While it lasts, the database takes nothing."""
    if isinstance(databases, SqliteFolder):
        path = url.removeprefix("sqlite://").partition("?")[0]
        with sqlite3.connect(path, isolation_level=None) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield
            holder.execute("ROLLBACK")
        holder.close()
        return
    name = url.partition("@/")[2].partition("?")[0]
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname"
    databases.server.psql(f"{ending} = '{name}';")
    databases.server.psql(f"ALTER DATABASE {name} RENAME TO {name}_away;")
    yield
    databases.server.psql(f"ALTER DATABASE {name}_away RENAME TO {name};")


async def test_rule_15_while_the_database_is_away_nothing_is_acknowledged(databases: Databases) -> None:
    url = databases.fresh()
    async with open_shop(f"{url}?busy_timeout=200" if isinstance(databases, SqliteFolder) else url) as shop:
        # given
        await shop.notifications("drop")
        buyer = await shop.buyer()
        order = (await shop.ordered(buyer, await shop.product()))["order"]
        notice: Any = await pay_unseen(shop, order["number"])
        before = await tables(shop)
        # when
        messages = [seal(shop, each) for each in (notice, altered(shop, notice, out_trade_no="20261121555555555555"))]
        async with away(databases, url):
            answers = [await post(shop, message) for message in messages]
        # then
        assert [answer.status for answer in answers] == [503, 503]
        assert await tables(shop) == before
        # when
        answer = await post(shop, seal(shop, notice))
        # then
        assert (answer.status, await shop.ledger(order["id"])) == (204, [1250])
        await shop.assert_sound()
