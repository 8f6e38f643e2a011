"""A bound on the calls that are under way to one upstream, so that a rush waits here and not in its own time-outs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wechat.errors import Unreachable

CALLS = 20
WAIT_SECONDS = 2.5


class Bulkhead:
    """At most `calls` at once, in the order of asking; who waits longer than `wait_seconds` is turned away."""

    def __init__(self, calls: int = CALLS, wait_seconds: float = WAIT_SECONDS) -> None:
        self._slots = asyncio.Semaphore(calls)
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def slot(self, path: str) -> AsyncIterator[None]:
        """A place among the calls; raises Unreachable, since nothing was sent, when none comes free in time."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._slots.acquire()
        except TimeoutError:
            failure = Unreachable(path, "too many calls under way")
        else:
            try:
                yield
            finally:
                self._slots.release()
            return
        raise failure
