"""`appletql orders sync` where some answers stay away: the others are asked about, and it ends where none comes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.problems import BadRequest, ProblemCode, Unavailable, WeChatProblem
from server.cli.orders_sync import ask_about
from server.cli.orders_sync_tally import SILENT_IN_A_ROW, Tally
from tests.operations.steps import pay_by_itself, serving_command
from tests.orders.asking import forget_failures
from tests.shop import QUERY_PATH, Shop

pytestmark = pytest.mark.anyio

PROBE_SECONDS = 0.3
SILENCE = "WeChat gave no answer to rely on. Try again later, with a fresh code where the call takes one."


async def paid_elsewhere(shop: Shop, count: int) -> list[dict[str, Any]]:
    """Orders that were paid, of which the server has not heard."""
    buyer, tea = await shop.buyer(), await shop.product(1250)
    await shop.notifications("drop")
    made = [(await shop.ordered(buyer, tea))["order"] for _ in range(count)]
    for order in made:
        await pay_by_itself(shop, order["number"])
    return made


async def statuses(shop: Shop, made: list[dict[str, Any]]) -> dict[str, str]:
    return {order["number"]: (await shop.row(order["id"])).status for order in made}


def named(stderr: str) -> list[str]:
    """The orders that could not be asked about, of which the lines on standard error tell."""
    return [line.split(": ")[1] for line in stderr.splitlines() if line.startswith("appletql: 2")]


async def fails(shop: Shop, fault: str, times: int, path: str = QUERY_PATH) -> None:
    await shop.order(
        "faults", {"notifications": "drop", "faults": [{"path": path, "fault": fault, "times": times}]}, "PUT"
    )


@asynccontextmanager
async def busy(shop: Shop, seconds: float) -> AsyncIterator[None]:
    """Refunds cannot be read, or in SQLite nothing be written, for so long."""
    if shop.database_url.startswith("sqlite:"):
        with closing(sqlite3.connect(shop.database_url.removeprefix("sqlite://"), isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            letting_go = asyncio.get_running_loop().call_later(seconds, holder.rollback)
            yield
            letting_go.cancel()
        return
    connection = await asyncpg.connect(shop.database_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE refunds IN ACCESS EXCLUSIVE MODE")

    async def let_go() -> None:
        await asyncio.sleep(seconds)
        await transaction.rollback()

    letting_go_task = asyncio.create_task(let_go())
    yield
    await letting_go_task
    await connection.close()


async def test_one_without_an_answer_keeps_no_other_waiting(shop: Shop, tmp_path: Path) -> None:
    made = await paid_elsewhere(shop, 3)
    silent = made[0]["number"]
    await fails(shop, "http:503", 9, QUERY_PATH.format(out_trade_no=silent))

    done = await serving_command(shop, tmp_path, "orders", "sync", "--pending")

    assert await statuses(shop, made) == {silent: "PENDING", made[1]["number"]: "PAID", made[2]["number"]: "PAID"}
    assert done.stderr.splitlines()[-1] == f"appletql: {silent}: {SILENCE}"
    assert named(done.stderr) == [silent]
    assert done.stdout.splitlines()[-1].endswith(" asked about, 1 could not be, 2 changed")
    assert done.returncode == 1


async def test_a_busy_moment_of_the_database_is_not_the_end(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    # given
    made = await paid_elsewhere(shop, 14)
    # when
    async with busy(shop, 4.5):
        is_whole = await ask_about(shop.application.process, [])
    told = capsys.readouterr()
    after = await statuses(shop, made)
    again = await ask_about(shop.application.process, [])
    # then
    failed = named(told.err)
    assert is_whole is False
    assert 0 < len(failed) < 14
    assert f", {len(failed)} could not be, " in told.out.splitlines()[-1]
    assert {number for number, status in after.items() if status == "PENDING"} <= set(failed)
    assert again is True
    assert set((await statuses(shop, made)).values()) == {"PAID"}


async def test_it_waits_while_the_circuit_is_open_and_goes_on(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    made = await paid_elsewhere(shop, 15)
    breaker = shop.application.process.breakers["pay"]
    breaker._probe_seconds = PROBE_SECONDS
    breaker._open()

    is_whole = await ask_about(shop.application.process, [], probe_seconds=2 * PROBE_SECONDS)

    told = capsys.readouterr()
    said = [line for line in told.err.splitlines() if not line.startswith("asking: ")]
    assert said == ["WeChat does not answer; the next try is in 0.6 seconds"]
    assert told.out.splitlines()[-1] == "15 orders asked about, 15 changed"
    assert set((await statuses(shop, made)).values()) == {"PAID"}
    assert is_whole is True


async def test_it_stops_where_wechat_does_not_answer_at_all(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    # given
    made = await paid_elsewhere(shop, 17)
    breaker = shop.application.process.breakers["pay"]
    breaker._probe_seconds = PROBE_SECONDS
    await fails(shop, "reset", 999)
    before = (await shop.state())["calls"]
    # when
    is_whole = await ask_about(shop.application.process, [], probe_seconds=2 * PROBE_SECONDS)
    # then
    told = capsys.readouterr()
    failed = named(told.err)
    assert is_whole is False
    assert len(failed) <= 14
    last = told.err.splitlines()[-1]
    assert last.startswith("appletql: stopped: WeChat does not answer; ")
    assert last.endswith(" more were not tried. Run it again later.")
    assert told.out == f"0 orders asked about, {len(failed)} could not be, 0 changed\n"
    assert set((await statuses(shop, made)).values()) == {"PENDING"}
    assert (await shop.state())["calls"][QUERY_PATH] - before.get(QUERY_PATH, 0) < 30
    # and
    await shop.notifications("normal")
    forget_failures(shop)
    assert await ask_about(shop.application.process, []) is True


def test_many_in_a_row_without_an_answer_are_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    silence = WeChatProblem(ProblemCode.WECHAT_UNAVAILABLE, "silence")
    tally = Tally()
    for number in range(SILENT_IN_A_ROW - 1):
        tally.fail(str(number), silence)
    tally.succeed()
    for number in range(SILENT_IN_A_ROW - 1):
        tally.fail(str(number), Unavailable("busy"))
    tally.fail("refused", WeChatProblem(ProblemCode.WECHAT_REJECTED, "refused"))
    tally.fail("missing", BadRequest("missing"))
    assert not tally.stopped

    for number in range(SILENT_IN_A_ROW):
        tally.fail(str(number), silence)

    assert tally.stopped == f"{SILENT_IN_A_ROW} orders in a row had no answer"
    tally.tell(100)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"appletql: stopped: {tally.stopped}; {100 - 61} more were not tried. Run it again later."
    )
