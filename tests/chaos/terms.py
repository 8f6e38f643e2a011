"""SIGTERM under load, at random moments: the process ends within thirty seconds, and keeps every promise it made.

    python -m tests.chaos.terms --database sqlite|postgres --runs 50 --seed 1

Each run has a seed of its own, which is printed and plays it again: the load and the moment follow from it. The sandbox
and the database survive; a new server finishes what was begun, and the books must be the sandbox's.
"""

import argparse
import asyncio
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.catalogue import Product
from models.database import open_database
from models.unit_of_work import UnitsOfWork
from server.settings import Settings
from tests.databases import Databases, PostgresCluster, SqliteFolder
from tests.worker.children import child
from tests.worker.kill_books import STOCK, check
from tests.worker.kill_ground import Ground, ground, ready
from tests.worker.kill_healing import heal
from tests.worker.kill_load import PRICE, Shoppers

LONGEST_END = 30.0
_BUYERS, _WISHES = 6, 36
_LOAD_SECONDS = 2.5
_SERVE = ("serve", "--with-worker")


@dataclass(frozen=True)
class Outcome:
    """Of one run: `took` seconds from the signal to the end, and what had been promised until then."""

    took: float
    promises: int


async def play(place: Ground, seed: int) -> Outcome:
    """One run; raises AssertionError where it ends otherwise than it should, or the books are wrong."""
    settings, chance = place.settings(), random.Random(seed)
    async with AsyncExitStack() as stack:
        url = settings.database_url.get_secret_value()
        units = await stack.enter_async_context(open_database(url, pool_size=4, wait_seconds=20))
        server = await stack.enter_async_context(httpx.AsyncClient(base_url=settings.own_url, timeout=LONGEST_END))
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=place.sandbox_url, timeout=LONGEST_END))
        shoppers = Shoppers(server, control, chance)
        _ = await shoppers.control("reset")
        mode = chance.choice(["normal", "normal", "drop", "duplicate"])
        _ = await shoppers.control("faults", {"faults": [], "notifications": mode}, "PUT")
        shoppers.product_id = await units.run(_product)
        outcome = await _load_until_ended(place.folder, settings, shoppers, units)
        await heal(place.folder, settings, shoppers, units)
        await check(units, await shoppers.control("state", method="GET"), shoppers.acknowledged)
    return outcome


async def _product() -> str:
    now = wire_clock()
    made = await Product.create(id=new_id(Prefix.PRODUCT, now), title="tea", price=PRICE, stock=STOCK, created_at=now)
    return made.id


async def _load_until_ended(folder: Path, settings: Settings, shoppers: Shoppers, units: UnitsOfWork) -> Outcome:
    async with child(folder, settings, *_SERVE) as serving:
        await ready(shoppers.server, "/readyz", serving)
        people = [await shoppers.person() for _ in range(_BUYERS)]
        operator = shoppers.operator = await shoppers.person()
        await units.run(lambda: User.filter(id=operator.user_id).update(is_operator=True))
        delay = shoppers.chance.uniform(0.05, _LOAD_SECONDS)
        load = asyncio.gather(shoppers.shop(people, _WISHES), _time_flies(shoppers, serving))
        await asyncio.sleep(delay)
        took = await _end(serving)
        await load
    return Outcome(took, len(shoppers.acknowledged))


async def _end(serving: asyncio.subprocess.Process) -> float:
    """The seconds that it took."""
    began = time.monotonic()
    serving.send_signal(signal.SIGTERM)
    async with asyncio.timeout(LONGEST_END):
        code = await serving.wait()
    took = time.monotonic() - began
    assert code == 0, f"exit code {code} after {took:.2f} s"
    return took


async def _time_flies(shoppers: Shoppers, serving: asyncio.subprocess.Process) -> None:
    """Six seconds in each fifth of one, so that the worker in it has something to do."""
    while serving.returncode is None:
        _ = await shoppers.control("clock", {"advance": 6})
        await asyncio.sleep(0.2)


async def series(databases: Databases, seeds: range, say: Callable[[str], None] = print) -> tuple[list[Outcome], int]:
    """All of them; what became of the sound ones, and how many went wrong."""
    sound, wrong = list[Outcome](), 0
    async with ground(databases) as place:
        for seed in seeds:
            try:
                outcome = await play(place, seed)
                sound.append(outcome)
                say(f"seed {seed}: sound, exit after {outcome.took:.2f} s, {outcome.promises} promises kept")
            except (AssertionError, TimeoutError, httpx.HTTPError) as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                wrong += 1
                say(f"seed {seed}: WRONG: {type(error).__name__} {error} ({frame.name}: {frame.line})")
    return sound, wrong


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgres"], required=True)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each one more has the next")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.runs)
    with tempfile.TemporaryDirectory(prefix="appletql-", ignore_cleanup_errors=True) as name:
        if given.database == "sqlite":
            sound, wrong = asyncio.run(series(SqliteFolder.make(Path(name)), seeds))
        else:
            with PostgresCluster.started(Path(name) / "pg") as cluster:
                sound, wrong = asyncio.run(series(cluster, seeds))
    slowest = max((outcome.took for outcome in sound), default=0.0)
    promises = sum(outcome.promises for outcome in sound)
    print(  # noqa: T201  (a command)
        f"{given.database}: {given.runs} runs, {promises} promises kept, slowest exit {slowest:.2f} s, {wrong} wrong"
    )
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
