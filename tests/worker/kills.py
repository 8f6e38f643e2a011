"""Servers and workers end under load, with -9 at random moments and at named points, and the books stay right.

    python -m tests.worker.kills --database sqlite|postgres --runs 20 --seed 1
    python -m tests.worker.kills --database sqlite --runs 0 --points 1 --point "after send" --seed 7

Each run has a seed of its own, which is printed and plays it again: the load and the moments follow from it. The
sandbox and the database survive.
"""

import argparse
import asyncio
import random
import signal
import tempfile
import time
import traceback
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.catalogue import Product
from models.database import open_database
from models.unit_of_work import UnitsOfWork
from server.settings import Settings
from tests.databases import Databases, PostgresCluster, SqliteFolder
from tests.worker.children import environment_of, process
from tests.worker.kill_books import STOCK, check
from tests.worker.kill_ground import Ground, ground, ready
from tests.worker.kill_healing import heal, heal_alone
from tests.worker.kill_load import PRICE, Shoppers
from tests.worker.kill_plan import Kill, Plan, Tally
from tests.worker.killing_server import POINTS

RUNNER = "tests.worker.killing_server"
_BUYERS, _WISHES = 4, 24
_LOAD_SECONDS = 1.5
LONGEST_END = 30.0
"""Seconds in which a process has ended after SIGTERM."""

_MOST_LOAD_SECONDS = 10.0
"""Until a process has reached its point, or never will; on a busy machine it takes a while."""


async def play(place: Ground, kill: Kill) -> bool:
    """One run; whether the named point was reached. Raises AssertionError where the books are wrong."""
    settings, chance = place.settings(), kill.chance("load")
    async with AsyncExitStack() as stack:
        url = settings.database_url.get_secret_value()
        units = await stack.enter_async_context(open_database(url, pool_size=4, wait_seconds=20))
        server = await stack.enter_async_context(httpx.AsyncClient(base_url=settings.own_url, timeout=30))
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=place.sandbox_url, timeout=30))
        shoppers = Shoppers(server, control, chance)
        _ = await shoppers.control("reset")
        _ = await shoppers.control("faults", {"faults": [], "notifications": _notifications(chance)}, "PUT")
        _ = await shoppers.control("switches", {"oneRefundAMinute": kill.is_once_a_minute}, "PUT")
        shoppers.product_id = await _product(units)
        died_at_point = await _load_until_killed(place.folder, settings, kill, shoppers, units)
        if kill.is_healed_alone:
            await heal_alone(settings, shoppers, units)
        else:
            await heal(place.folder, settings, shoppers, units)
        state = await shoppers.control("state", method="GET")
        await check(units, state, shoppers.acknowledged)
    return died_at_point


def _notifications(chance: random.Random) -> str:
    return chance.choice(["normal", "normal", "drop", "duplicate"])


async def _product(units: UnitsOfWork) -> str:
    async def insert() -> str:
        now = wire_clock()
        made = await Product.create(
            id=new_id(Prefix.PRODUCT, now), title="tea", price=PRICE, stock=STOCK, created_at=now
        )
        return made.id

    return await units.run(insert)


async def _promote(user_id: str) -> None:
    assert await User.filter(id=user_id).update(is_operator=True) == 1


async def _load_until_killed(
    folder: Path, settings: Settings, kill: Kill, shoppers: Shoppers, units: UnitsOfWork
) -> bool:
    """The load, and the end of both processes; whether one of them ended by itself, at its point."""
    environment = environment_of(settings)
    async with (
        process(folder, (RUNNER, "serve"), environment | kill.environment("serve")) as serving,
        process(folder, (RUNNER, "worker"), environment | kill.environment("worker")) as working,
    ):
        await ready(shoppers.server, "/readyz", serving)
        people = [await shoppers.person() for _ in range(_BUYERS)]
        shoppers.operator = await shoppers.person()
        await units.run(
            lambda: User.filter(id=shoppers.operator and shoppers.operator.user_id).update(is_operator=True)
        )
        load = asyncio.gather(shoppers.shop(people, _WISHES), _time_flies(shoppers, serving))
        at_point = await _kill(kill, serving, working)
        await load
    return at_point


async def _kill(kill: Kill, *running: asyncio.subprocess.Process) -> bool:
    """Ends both; whether one of them ended by itself before, at the point."""
    chance, at_point = kill.chance("moments"), False
    delays = [chance.uniform(0.05, _LOAD_SECONDS) for _ in running]
    if kill.point is not None:
        ended = [asyncio.create_task(each.wait()) for each in running]
        done, left = await asyncio.wait(ended, timeout=_MOST_LOAD_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        at_point, delays = bool(done), [delay / 5 for delay in delays]
        for task in left:
            task.cancel()
    number = signal.SIGTERM if kill.gently else signal.SIGKILL
    await asyncio.gather(*(_end_after(each, number, delay) for each, delay in zip(running, delays, strict=True)))
    expected = 0 if kill.gently else -signal.SIGKILL
    assert {each.returncode for each in running} == {expected}, "a process ended otherwise than it was told to"
    return at_point


async def _end_after(running: asyncio.subprocess.Process, number: int, seconds: float) -> None:
    await asyncio.sleep(seconds)
    if running.returncode is None:
        running.send_signal(number)
        async with asyncio.timeout(LONGEST_END):
            await running.wait()


async def _time_flies(shoppers: Shoppers, serving: asyncio.subprocess.Process) -> None:
    """Six seconds in each fifth of one, so that the worker has something to do, and refunds come to their end."""
    while serving.returncode is None:
        _ = await shoppers.control("clock", {"advance": 6})
        await asyncio.sleep(0.2)


async def series(databases: Databases, plan: Plan, say: Any = print) -> Tally:
    """All of them, each with a line that says what it was and what became of it."""
    tally = Tally()
    async with ground(databases) as place:
        for kill in plan.kills(tally):
            began, died, wrong = time.monotonic(), False, False
            try:
                died = await play(place, kill)
                verdict = "sound, at its point" if died else "sound"
            except (AssertionError, TimeoutError, httpx.HTTPError) as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                wrong, verdict = True, f"WRONG: {type(error).__name__} {error} ({frame.name}: {frame.line})"
            tally.add(kill, died=died, wrong=wrong)
            say(f"{kill.told()}: {verdict} ({time.monotonic() - began:.1f} s)")
    return tally


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgres"], required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each one more has the next")
    parser.add_argument("--runs", type=int, default=20, help="kills at random moments")
    parser.add_argument("--points", type=int, default=0, help="runs that die at each named point")
    parser.add_argument("--point", choices=POINTS, help="at this one alone")
    parser.add_argument("--gently", type=int, default=0, help="ends by SIGTERM")
    given = parser.parse_args()
    points = [given.point] if given.point else POINTS
    plan = Plan(given.seed, given.runs, given.points, given.gently, points)
    with tempfile.TemporaryDirectory(prefix="appletql-", ignore_cleanup_errors=True) as name:
        if given.database == "sqlite":
            tally = asyncio.run(series(SqliteFolder.make(Path(name)), plan))
        else:
            with PostgresCluster.started(Path(name) / "pg") as cluster:
                tally = asyncio.run(series(cluster, plan))
    print(f"{given.database}: {tally.told()}")  # noqa: T201  (a command)
    raise SystemExit(1 if tally.wrong else 0)


if __name__ == "__main__":
    main()
