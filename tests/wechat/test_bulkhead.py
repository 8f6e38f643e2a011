"""The bulkhead: a rush queues up, and a queue has an end."""

import asyncio
import time

import pytest

from wechat.bulkhead import Bulkhead
from wechat.errors import Crowded

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
        with pytest.raises(Crowded, match="too many calls under way"):
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


async def test_the_queue_is_bounded_in_number_too() -> None:
    # Given one call under way and three that wait
    bulkhead = Bulkhead(calls=1, waiting=3)
    waiting = [asyncio.create_task(hold(bulkhead)) for _ in range(4)]
    await asyncio.sleep(0)

    # Then a fifth is turned away at once
    started = time.perf_counter()
    with pytest.raises(Crowded):
        async with bulkhead.slot("/path"):
            pytest.fail("there was no place")
    assert time.perf_counter() - started < 0.5

    # And where one of them leaves, the next may wait
    waiting[-1].cancel()
    await asyncio.gather(waiting[-1], return_exceptions=True)
    patient = asyncio.create_task(hold(bulkhead))
    await asyncio.sleep(0)
    assert not patient.done()
    for task in (*waiting, patient):
        task.cancel()
    await asyncio.gather(*waiting, patient, return_exceptions=True)
