"""The bulkhead: a rush queues up, and a queue has an end."""

import asyncio
import time

import pytest

from wechat.bulkhead import Bulkhead
from wechat.errors import Unreachable

pytestmark = pytest.mark.anyio


async def test_no_more_than_its_calls_are_under_way_and_all_come_to_their_turn() -> None:
    bulkhead = Bulkhead(calls=20)
    under_way, most, done = 0, 0, 0

    async def call() -> None:
        nonlocal under_way, most, done
        async with bulkhead.slot("/path"):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1
            done += 1

    await asyncio.gather(*(call() for _ in range(200)))

    assert (most, done) == (20, 200)


async def test_who_waits_too_long_is_turned_away_and_takes_no_place() -> None:
    bulkhead = Bulkhead(calls=1, wait_seconds=0.05)
    async with bulkhead.slot("/path"):
        started = time.perf_counter()
        with pytest.raises(Unreachable, match="too many calls under way"):
            async with bulkhead.slot("/path"):
                pytest.fail("there was no place")
        assert time.perf_counter() - started < 0.5

    async with bulkhead.slot("/path"):
        pass


async def test_a_cancelled_call_gives_its_place_back() -> None:
    bulkhead = Bulkhead(calls=1, wait_seconds=0.5)
    for _ in range(50):
        holder = asyncio.create_task(hold(bulkhead))
        waiter = asyncio.create_task(hold(bulkhead))
        await asyncio.sleep(0)
        holder.cancel()
        waiter.cancel()
        await asyncio.gather(holder, waiter, return_exceptions=True)

    async with bulkhead.slot("/path"):
        pass


async def hold(bulkhead: Bulkhead) -> None:
    async with bulkhead.slot("/path"):
        await asyncio.sleep(5)
