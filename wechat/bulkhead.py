"""A bound on the calls that are under way to one upstream, so that a rush waits here and not in its own time-outs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wechat.errors import Crowded

CALLS = 20
WAITING = 1000
WAIT_SECONDS = 2.5


class Bulkhead:
    """At most `calls` at once, in the order of asking, and at most `waiting` in the queue.

    Who waits longer than `wait_seconds`, or finds the queue full, is turned away.
    """

    def __init__(self, calls: int = CALLS, wait_seconds: float = WAIT_SECONDS, waiting: int = WAITING) -> None:
        self._slots = asyncio.Semaphore(calls)
        self._wait_seconds = wait_seconds
        self._free_to_wait = waiting

    @asynccontextmanager
    async def slot(self, path: str) -> AsyncIterator[None]:
        """A place among the calls; raises Crowded, since nothing was sent, when none comes free in time."""
        if not await self._acquired():
            raise Crowded(path)
        try:
            yield
        finally:
            self._slots.release()

    async def _acquired(self) -> bool:
        if self._free_to_wait == 0:
            return False
        self._free_to_wait -= 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self._free_to_wait += 1
