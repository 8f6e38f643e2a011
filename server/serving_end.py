"""The end of a process: one deadline, from which each stage takes what is left, and which waits for nothing."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable

SECONDS = 26.0
"""From the signal to the end, whatever is silent; orchestrators kill after 30."""

LONGEST_DRAIN = 10.0
KEPT_AFTER_REQUESTS = 8.0  # so that two seconds of drain and fifteen of an operation come before it
KEPT_AFTER_WORK = 6.0
KEPT_AFTER_UNITS = 3.0
_KEPT_AT_LAST = 1.0
_LOG_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Ending:
    """Begins once, with the signal, or where something is closed without one; `seconds` later all of it is over."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.begun = asyncio.Event()
        self.was_cut = False
        self._seconds = seconds
        self._deadline = 0.0

    def begin(self) -> None:
        """The deadline stays that of the first call."""
        if not self.begun.is_set():
            self._deadline = time.monotonic() + self._seconds
            self.begun.set()

    def left(self, keeping: float = _KEPT_AT_LAST) -> float:
        """Seconds for the present stage, where those after it are to have `keeping` of them; never negative."""
        self.begin()
        return max(0.0, self._deadline - keeping - time.monotonic())

    async def let_end(self, what: str, *closes: Callable[[float], Awaitable[object]], keeping: float) -> None:
        """Runs them in turn; each waits for so many seconds, then ends what is left; without time, at once."""
        try:
            async with asyncio.timeout(self.left(keeping)):
                for close in closes:
                    await close(self._seconds)
        except TimeoutError:
            self.cut_off(what)
            for close in closes:
                await close(0.0)

    async def let_end_work(self, what: str, *closes: Callable[[float], Awaitable[object]]) -> None:
        """As `let_end`, at the stage of work that nobody waits for any more."""
        await self.let_end(what, *closes, keeping=KEPT_AFTER_WORK)

    def cut_off(self, what: str, number: int | None = None) -> None:
        """Tells that this did not come to its end."""
        self.was_cut = True
        logger.warning("cut off at the end of the process", extra={"what": what, "number": number})


def end_by_force(seconds: float = SECONDS) -> None:
    """Ends the process with exit code 1 in so many seconds, unless it has come to its end by itself.

    By a thread: what hangs may be the event loop, or a thread that the interpreter would wait for.
    """
    timer = threading.Timer(seconds, _leave, (seconds,))
    timer.daemon = True
    timer.start()


def _leave(seconds: float) -> None:
    telling = threading.Thread(target=_tell, args=(seconds,), daemon=True)  # the log itself may be what hangs
    telling.start()
    telling.join(_LOG_SECONDS)
    os._exit(1)


def _tell(seconds: float) -> None:
    logger.warning("cut off: the process did not come to its end in time", extra={"seconds": seconds})
