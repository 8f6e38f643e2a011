"""WeChat goes away: answers stay bounded and soon are fast, what needs no WeChat goes on, and nothing is lost."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.chaos.afterwards import assert_nothing_lost, assert_verified
from tests.chaos.bounds import IS_FULL, for_computing, for_waiting
from tests.chaos.load import Load
from tests.chaos.running_shop import RunningShop, running_shop
from tests.databases import Databases

pytestmark = pytest.mark.anyio

OUTAGE_SECONDS = 60.0 if IS_FULL else 6.0
PER_SECOND = 50.0 if IS_FULL else 20.0
READS_PER_SECOND = 20.0
OPEN_AFTER = 4.0
"""Seconds in which the first calls have run out of time, and the circuits are open."""

ANSWERED, ANSWERED_WHILE_OPEN, READ, BACK = 3.0, 0.05, 0.1, 15.0
"""Seconds, of 99 calls of 100; BACK from its return to the first success of each kind."""

MEBIBYTE = 1024 * 1024
KINDS, READS = ("login", "create"), ("me", "orders")


async def test_an_outage_of_wechat(tmp_path: Path, databases: Databases) -> None:
    waiting, computing = for_waiting(), for_computing()
    async with running_shop(tmp_path, databases.empty(), buyers=200 if IS_FULL else 60) as shop:
        stop, load, reads = asyncio.Event(), Load(), Load()
        loading = asyncio.gather(
            load.run([("login", shop.login), ("create", shop.create)], PER_SECOND, stop),
            reads.run([("me", shop.me), ("orders", shop.orders)], READS_PER_SECOND, stop),
        )
        await asyncio.sleep(3)
        cut, mended, memory = await outage(shop)
        while not all(load.samples.has_ok(kind, since=mended) for kind in KINDS):
            await asyncio.sleep(0.2)
            assert time.monotonic() < mended + BACK * waiting
        stop.set()
        await loading

        during = load.samples.of(*KINDS, since=cut, until=mended)
        fast = load.samples.of(*KINDS, since=cut + OPEN_AFTER, until=mended)
        idle = reads.samples.of(*READS, since=cut, until=mended)
        back = max(load.samples.first_ok(kind, since=mended) for kind in KINDS) - mended
        print(  # noqa: T201  (the numbers are what the test is for)
            f"\noutage of {OUTAGE_SECONDS:.0f} s at {PER_SECOND:.0f}/s: p99 {during.took(0.99):.2f} s, "
            f"then median {fast.took(0.5) * 1000:.0f} ms and p99 {fast.took(0.99) * 1000:.0f} ms; "
            f"reads p99 {idle.took(0.99) * 1000:.0f} ms; recovered after {back:.1f} s; "
            f"memory {', '.join(f'{each / MEBIBYTE:.1f}' for each in memory)} MiB; {dict(during.outcomes())}; "
            f"bounds times {waiting:.2f} and {computing:.2f}"
        )
        assert set(during.outcomes()) <= {"ok", "WECHAT_UNAVAILABLE"}
        assert during.took(0.99) <= ANSWERED * waiting
        assert fast.took(0.99) < ANSWERED_WHILE_OPEN * computing
        assert set(idle.outcomes()) == {"ok"}
        assert idle.took(0.99) < READ * computing
        assert back < BACK * waiting
        before, middle, end = memory
        assert end - before < 20 * MEBIBYTE
        assert end - middle < 10 * MEBIBYTE
        await assert_nothing_lost(shop)
        await assert_verified(tmp_path, shop)


async def outage(shop: RunningShop) -> tuple[float, float, list[int]]:
    """When it began and ended, and the server's memory before it, in its middle and at its end."""
    memory, cut = [shop.memory()], time.monotonic()
    shop.wire.cut()
    for _ in range(2):
        await asyncio.sleep(OUTAGE_SECONDS / 2)
        memory.append(shop.memory())
    shop.wire.mend()
    return cut, time.monotonic(), memory
