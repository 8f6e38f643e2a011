"""Work that goes on after its caller has its answer, and is waited for when the process ends."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Background:
    """Keeps the tasks it began; their failures are logged, never raised."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Starts `work`; `name` says in the log what failed."""
        task = asyncio.create_task(_told(name, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self, seconds: float = 5.0) -> None:
        """Waits for what is under way, then ends it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        ended = list(self._tasks)
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def _told(name: str, work: Coroutine[Any, Any, Any]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001  (nobody else would hear of it)
        logger.warning("work in the background failed", extra={"work": name, "kind": type(error).__name__})
