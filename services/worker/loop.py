"""The loop: claims what is due, does it beside each other, gives it back; any number of workers may run it.

A unit of work is never open while WeChat is asked. What fails is due again a little later; nothing that a duty does
harms when it is done twice.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.models import Model

from domain.clock import Clock
from domain.problems import Unavailable
from models.claims import claim, give_back
from models.unit_of_work import UnitsOfWork

LEASE = timedelta(seconds=90)
_LONGEST_WORK = 60.0
"""Seconds after which a piece of work is given up, well within its lease."""

_PAUSE = 1.0
_PAUSE_WITHOUT_DATABASE = 3.0
_AGAIN = timedelta(seconds=30)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duty:
    """What is done about the due rows of a model; `do` takes an id, and moves `due_at` on where the work succeeds."""

    model: type[Model]
    do: Callable[[str], Awaitable[None]]


async def _nothing() -> None:
    """Nothing."""


class Worker:
    """Runs duties, at most `at_once` pieces of work together. `before_turn` is awaited before each look for work."""

    def __init__(
        self,
        units: UnitsOfWork,
        duties: Sequence[Duty],
        clock: Clock,
        *,
        at_once: int = 20,
        before_turn: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._units = units
        self._duties = duties
        self._clock = clock
        self._at_once = at_once
        self._before_turn = before_turn
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then what is under way is finished."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._wait(stopping, await self._turn_or_rest())
        finally:
            stopping.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def sweep(self) -> int:
        """Does everything that is due now, and what becomes due by it, and counts it; for commands and tests."""
        done = 0
        while begun := await self._turn():
            done += begun
            while self._tasks:
                await asyncio.wait(self._tasks)
        return done

    async def _turn_or_rest(self) -> float:
        """The seconds to wait until the next look."""
        try:
            await self._turn()
        except Unavailable:
            return _PAUSE_WITHOUT_DATABASE
        return _PAUSE

    async def _turn(self) -> int:
        """Begins what is due, as far as there is room; how much it was."""
        await self._before_turn()
        begun = 0
        for duty in self._duties:
            room = self._at_once - len(self._tasks)
            if room > 0:
                now = self._clock()
                until = now + LEASE
                for row_id in await self._units.run(claim, self._units, duty.model, now, until, room):
                    self._begin(duty, row_id, until)
                    begun += 1
        return begun

    def _begin(self, duty: Duty, row_id: str, until: datetime) -> None:
        task = asyncio.create_task(self._do(duty, row_id, until))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, duty: Duty, row_id: str, until: datetime) -> None:
        try:
            async with asyncio.timeout(_LONGEST_WORK):
                await duty.do(row_id)
        except Exception as error:  # noqa: BLE001  (whatever it is, the loop goes on and the row is due again)
            logger.warning(
                "a piece of work failed",
                extra={"table": duty.model.__name__, "row": row_id, "kind": type(error).__name__},
            )
        now = self._clock()
        try:
            await self._units.run(give_back, duty.model, row_id, until, now, now + _spread(_AGAIN))
        except Unavailable:
            logger.warning("work could not be given back; its lease runs out", extra={"row": row_id})

    async def _wait(self, stopping: asyncio.Task[bool], seconds: float) -> None:
        """Until there may be more to do: a little while, the end of something when all is taken, or the stop."""
        if len(self._tasks) >= self._at_once:
            await asyncio.wait([stopping, *self._tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.wait([stopping], timeout=seconds * random.uniform(0.5, 1.0))  # noqa: S311  (to spread)


def _spread(delay: timedelta) -> timedelta:
    """A little more or less, so that what failed together does not come back together."""
    return delay * random.uniform(0.8, 1.2)  # noqa: S311  (to spread, not to hide)
