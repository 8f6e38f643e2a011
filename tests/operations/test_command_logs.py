"""One rule for every command that ends by itself: the answer alone on standard output, warnings on standard error."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.database import open_database
from tests.databases import Databases, SqliteFolder
from tests.operations.steps import pay_by_itself, serving_environment
from tests.process.forked import run
from tests.process.running import free_port
from tests.shop import Shop

LEVELS = ("DEBUG", "ERROR")
KEY = "Zm9ydHktdHdvIGlzIHRoZSBhbnN3ZXIsIGJ1dCB3aHk="


def person(url: str) -> str:
    now = wire_clock()

    async def write() -> str:
        return (await User.create(id=new_id(Prefix.USER, now), created_at=now)).id

    async def opened() -> str:
        async with open_database(url, pool_size=2) as units:
            return await units.run(write)

    return asyncio.run(opened())


def logged(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    """Level and event of each line on standard error, all of which are the log's."""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    return [(line["level"], line["event"]) for line in lines]


@pytest.mark.parametrize("level", LEVELS)
def test_what_an_operator_did_is_in_the_log_at_every_level(databases: Databases, tmp_path: Path, level: str) -> None:
    url = databases.fresh()
    user = person(url)
    environment = {"APPLETQL_DATABASE_URL": url, "APPLETQL_LOG_LEVEL": level}

    added = run(tmp_path, "operators", "add", user, **environment)
    removed = run(tmp_path, "operators", "remove", user, **environment)

    assert (added.stdout, removed.stdout) == (f"{user} is an operator now\n", f"{user} is no operator any more\n")
    assert [it for it in logged(added) if it[0] != "debug"] == [("warning", "operator added")]
    assert [it for it in logged(removed) if it[0] != "debug"] == [("warning", "operator removed")]


@pytest.mark.parametrize(
    "arguments",
    [("orders", "list", "--json"), ("incidents", "list", "--json"), ("doctor", "--json")],
    ids=lambda it: it[0],
)
def test_json_is_alone_on_standard_output(sqlite: SqliteFolder, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, *arguments, APPLETQL_DATABASE_URL=sqlite.fresh(), APPLETQL_LOG_LEVEL="DEBUG")

    assert isinstance(json.loads(done.stdout), dict)
    assert [it for it in logged(done) if it[0] != "debug"] == []


def test_what_is_only_worth_an_info_is_left_out(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    _ = (tmp_path / "tea.csv").write_text("title,price\nt,1\n")

    done = run(tmp_path, "products", "import", "tea.csv", APPLETQL_DATABASE_URL=url, APPLETQL_LOG_LEVEL="INFO")

    assert (done.stdout.splitlines()[-1], done.returncode) == ("1 made, 0 changed, 0 as they were", 0)
    assert "products imported" not in done.stdout + done.stderr


@pytest.mark.anyio
async def test_nor_beside_the_answer_of_one_that_asks_wechat(shop: Shop, tmp_path: Path) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1250)
    await shop.notifications("drop")
    order = (await shop.ordered(buyer, tea))["order"]
    await pay_by_itself(shop, order["number"])

    done = await asyncio.to_thread(run, tmp_path, "orders", "sync", order["number"], **serving_environment(shop))

    assert done.stdout == f"{order['number']}: PENDING -> PAID\n1 order asked about, 1 changed\n"
    assert done.stderr == "asking: 100 %\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("orders", "list"),
        ("keys", "status"),
        ("phones", "release", "+8613800138000", "--yes"),
    ],
    ids=lambda it: it[0],
)
def test_a_warning_has_the_form_of_the_log(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    away = f"postgres://user:secret@127.0.0.1:{free_port()}/shop"

    done = run(tmp_path, *arguments, APPLETQL_DATABASE_URL=away, APPLETQL_SECRET_KEYS=KEY)

    *log, last = done.stderr.splitlines()
    assert {json.loads(line)["level"] for line in log} == {"warning"}
    assert last == "appletql: The database is busy or away; try again."
    assert (done.stdout, done.returncode) == ("", 1)
