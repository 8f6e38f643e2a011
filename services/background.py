"""Work that goes on after its caller has its answer, and is waited for when the process ends."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any

LONGEST_END = 5.0
"""Seconds for what is under way when the process ends."""

logger = logging.getLogger(__name__)


async def finish(under_way: Callable[[], Collection[asyncio.Task[Any]]], seconds: float = LONGEST_END) -> None:
    """Waits until nothing is under way, what is begun meanwhile included; what is left after `seconds` is ended."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while (tasks := list(under_way())) and (left := deadline - loop.time()) > 0:
        await asyncio.wait(tasks, timeout=left)
    while tasks := list(under_way()):
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Background:
    """Keeps the tasks it began; their failures are logged, never raised."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Starts `work`; `name` says in the log what failed."""
        task = asyncio.create_task(_told(name, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _done: work.close())  # where it was ended before it began

    async def aclose(self, seconds: float = LONGEST_END) -> None:
        """Waits for what is under way and what that begins, then ends it."""
        await finish(lambda: self._tasks, seconds)


async def _told(name: str, work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001  (nobody else would hear of it)
        logger.warning("work in the background failed", extra={"work": name, "kind": type(error).__name__})
