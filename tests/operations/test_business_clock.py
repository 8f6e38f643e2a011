"""Commands that write times beside `appletql dev` follow its clock; production has real time alone."""

import asyncio
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.catalogue import Product
from models.incidents import Incident
from server.cli.business_clock import business_clock
from server.settings import read_settings
from tests.operations.steps import Done, incident
from tests.process.forked import run
from tests.process.running import free_port
from tests.shop import Shop

pytestmark = pytest.mark.anyio

AHEAD_SECONDS = 7200
WARNING = (
    "appletql: warning: the sandbox of APPLETQL_WECHAT_API_URL does not tell its clock; what is written has real time, "
    "which may lie before what the server wrote"
)


async def command(shop: Shop, folder: Path, *arguments: str, environment: str, wechat: str) -> Done:
    given = {"DATABASE_URL": shop.database_url, "ENVIRONMENT": environment, "WECHAT_API_URL": wechat}
    return await asyncio.to_thread(run, folder, *arguments, **{f"APPLETQL_{name}": it for name, it in given.items()})


async def told_now(shop: Shop) -> Incident:
    """An incident of this moment of the server's business."""
    now = shop.application.process.clock()

    async def write() -> Incident:
        return await Incident.create(
            id=new_id(Prefix.INCIDENT, now),
            kind="not_enough",
            subject="x",
            reference=new_id(Prefix.REFUND, now),
            created_at=now,
        )

    return await shop.units.run(write)


async def test_what_is_resolved_lies_after_its_beginning(shop: Shop, tmp_path: Path) -> None:
    await shop.advance(AHEAD_SECONDS)
    told = await told_now(shop)

    done = await command(
        shop,
        tmp_path,
        "incidents",
        "resolve",
        told.id,
        "--note",
        "topped up",
        "--yes",
        environment="development",
        wechat=shop.sandbox.url,
    )

    resolved_at = (await incident(shop, told.id)).resolved_at
    assert resolved_at is not None
    assert told.created_at < resolved_at < shop.application.process.clock()
    assert (done.stdout, done.returncode) == (f"{told.id} is noted\n", 0)
    assert WARNING not in done.stderr


async def test_products_are_as_old_as_the_servers(shop: Shop, tmp_path: Path) -> None:
    await shop.advance(AHEAD_SECONDS)
    _ = (tmp_path / "tea.csv").write_text("key,title,price\nclock,t,1\n")
    before = shop.application.process.clock()

    done = await command(
        shop, tmp_path, "products", "import", "tea.csv", environment="development", wechat=shop.sandbox.url
    )

    made = await shop.read(lambda: Product.get(import_key="clock"))
    assert before < made.created_at < shop.application.process.clock()
    assert (done.stdout.splitlines()[-1], done.returncode) == ("1 made, 0 changed, 0 as they were", 0)


async def test_a_sandbox_that_is_away_is_told_and_keeps_nothing_waiting(shop: Shop, tmp_path: Path) -> None:
    told = await told_now(shop)

    done = await command(
        shop,
        tmp_path,
        "incidents",
        "resolve",
        told.id,
        "--note",
        "topped up",
        "--yes",
        environment="development",
        wechat=f"http://127.0.0.1:{free_port()}",
    )

    assert done.stderr.splitlines()[0] == WARNING
    assert (done.stdout, done.returncode) == (f"{told.id} is noted\n", 0)


async def test_production_has_real_time_and_asks_nobody(shop: Shop, tmp_path: Path) -> None:
    await shop.advance(AHEAD_SECONDS)
    told = await told_now(shop)

    done = await command(
        shop,
        tmp_path,
        "incidents",
        "resolve",
        told.id,
        "--note",
        "topped up",
        "--yes",
        environment="production",
        wechat=shop.sandbox.url,
    )

    resolved_at = (await incident(shop, told.id)).resolved_at
    assert resolved_at is not None
    assert abs(resolved_at - wire_clock()) < timedelta(minutes=5)
    assert (done.stdout, done.returncode) == (f"{told.id} is noted\n", 0)
    assert WARNING not in done.stderr


async def test_a_sandbox_that_says_nothing_is_waited_for_two_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = read_settings(_env_file=None, environment="development", wechat_api_url=address)
        began = time.monotonic()

        clock = await business_clock(settings)

    assert time.monotonic() - began < 5
    assert capsys.readouterr() == ("", f"{WARNING}\n")
    assert abs(clock() - wire_clock()) < timedelta(seconds=5)
