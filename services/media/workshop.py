"""Where pictures are made: a thread or more beside the event loop, and a queue that ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from domain.problems import Unavailable

T = TypeVar("T")

_BUSY: Final = "Too many pictures are being worked on; try again."


class Workshop:
    """Runs functions on `executor`; at most `places` are running or waiting, each call waits `seconds` at most."""

    def __init__(self, executor: ThreadPoolExecutor, *, places: int, seconds: float) -> None:
        self._executor = executor
        self._places = places
        self._seconds = seconds
        self._taken = 0

    async def run(self, work: Callable[[bytes], T], data: bytes) -> T:
        """What `work` returns or raises; raises Unavailable when the queue is full or the time is over.

        A thread cannot be stopped: a work that was begun keeps its place to its end, whoever still waits for it.
        """
        if self._taken >= self._places:
            raise Unavailable(_BUSY)
        loop = asyncio.get_running_loop()
        self._taken += 1
        future = self._executor.submit(work, data)

        def leave(_future: Future[Any]) -> None:
            loop.call_soon_threadsafe(self._leave)

        future.add_done_callback(leave)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Unavailable(_BUSY) from None

    def _leave(self) -> None:
        self._taken -= 1


@asynccontextmanager
async def open_workshop(*, threads: int = 1, places: int = 10, seconds: float = 15.0) -> AsyncIterator[Workshop]:
    """A workshop; `threads` times 60 MiB is what it may take. Closing waits for what is running, not for the queue.

    With one a server stays under 200 MiB whatever it is sent, and makes 35 pictures of 1024 by 1024 a second.
    """
    executor = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
    try:
        yield Workshop(executor, places=places, seconds=seconds)
    finally:
        await asyncio.to_thread(executor.shutdown, cancel_futures=True)
