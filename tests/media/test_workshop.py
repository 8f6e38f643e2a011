"""The threads that pictures are made by: how many at once, how many wait, and what becomes of who goes away."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from domain.problems import Unavailable
from services.media.workshop import Workshop, open_workshop

pytestmark = pytest.mark.anyio


class Gate:
    """Work that stands still until it is let go; `most` is how many stood there at once."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.reached = {count: threading.Event() for count in (1, 2)}
        self.running = self.most = self.done = 0

    def work(self, data: bytes) -> bytes:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.reached[self.running].set()
        self._open.wait(10)
        with self._lock:
            self.running -= 1
            self.done += 1
        return data

    def let_go(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.let_go()


async def until(count: int, gate: Gate) -> None:
    await asyncio.wait_for(asyncio.to_thread(gate.reached[count].wait, 5), 6)


async def test_results_and_errors_come_back() -> None:
    def fail(data: bytes) -> bytes:
        raise ZeroDivisionError(data)

    async with open_workshop() as workshop:
        assert await workshop.run(bytes.upper, b"a") == b"A"
        with pytest.raises(ZeroDivisionError):
            await workshop.run(fail, b"a")
        assert await workshop.run(bytes.upper, b"b") == b"B"


async def test_two_run_at_once_eight_wait_and_the_eleventh_is_refused(gate: Gate) -> None:
    async with open_workshop(threads=2) as workshop:
        # given
        calls = [asyncio.create_task(workshop.run(gate.work, bytes((number,)))) for number in range(10)]
        await until(2, gate)
        # when
        with pytest.raises(Unavailable):
            await workshop.run(gate.work, b"x")
        gate.let_go()
        # then
        assert await asyncio.gather(*calls) == [bytes((number,)) for number in range(10)]
        assert (gate.most, gate.done) == (2, 10)
        assert await workshop.run(bytes.upper, b"a") == b"A"


async def test_waiting_ends_and_the_place_stays_taken_until_the_work_does(gate: Gate) -> None:
    async with open_workshop(threads=1, places=1, seconds=0.05) as workshop:
        # given
        with pytest.raises(Unavailable):
            await workshop.run(gate.work, b"a")
        # when
        with pytest.raises(Unavailable):
            await workshop.run(bytes.upper, b"a")
        gate.let_go()
        # then
        assert await _once_free(workshop) == b"A"
        assert gate.done == 1


async def test_who_goes_away_leaves_the_queue(gate: Gate) -> None:
    async with open_workshop(threads=1, places=2) as workshop:
        # given
        running, waiting = (asyncio.create_task(workshop.run(gate.work, b"a")) for _ in range(2))
        await until(1, gate)
        # when
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        another = asyncio.create_task(workshop.run(bytes.upper, b"b"))
        gate.let_go()
        # then
        assert (await running, await another) == (b"a", b"B")
        assert gate.done == 1


async def test_closing_waits_for_what_runs_and_drops_what_waits(gate: Gate) -> None:
    async with open_workshop(threads=1) as workshop:
        calls = [asyncio.create_task(workshop.run(gate.work, b"a")) for _ in range(3)]
        await until(1, gate)
        asyncio.get_running_loop().call_later(0.05, gate.let_go)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[0] == b"a"
    assert [type(result) for result in results[1:]] == [asyncio.CancelledError] * 2
    assert gate.done == 1


async def _once_free(workshop: Workshop) -> bytes:
    async with asyncio.timeout(5):
        while True:
            try:
                return await workshop.run(bytes.upper, b"a")
            except Unavailable:
                await asyncio.sleep(0.001)
