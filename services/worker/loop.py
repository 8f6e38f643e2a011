"""The loop: claims what is due, does it beside each other, gives it back; any number of workers may run it.

A unit of work is never open while WeChat is asked. What fails is due again a little later; nothing that a duty does
harms when it is done twice.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tortoise.models import Model

from domain.clock import Clock
from domain.problems import Unavailable
from models.claims import Claim, claim, give_back
from models.unit_of_work import UnitsOfWork

_LEASE_BEYOND_WORK = timedelta(seconds=30)
_AGAIN = timedelta(seconds=30)
_PAUSE = 1.0
_PAUSE_AFTER_FAILURE = 3.0
_TRIES = 4

_BREATH = 0.05
"""Seconds in which more comes to its end, so that one statement claims several rows in place of it."""

_LONGEST_END = 8.0
"""Seconds for what is under way at the end, unless the caller has others; what takes longer is broken off, and done
again when its lease is over."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duty:
    """What is done about the due rows of a model; `do` takes an id, and moves `due_at` on where the work succeeds.

    At most `at_once` pieces of it run together, so that no kind of work waits for another. After so many `seconds` a
    piece is given up, well within its lease.
    """

    model: type[Model]
    do: Callable[[str], Awaitable[None]]
    at_once: int = 10
    seconds: float = 60.0


async def _nothing() -> None:
    """Nothing."""


def _longest_end() -> float:
    return _LONGEST_END


class Worker:
    """Runs duties. `before_turn` is awaited before each look for work."""

    def __init__(
        self,
        units: UnitsOfWork,
        duties: Sequence[Duty],
        clock: Clock,
        *,
        before_turn: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._units = units
        self._duties = duties
        self._clock = clock
        self._before_turn = before_turn
        self._tasks: dict[asyncio.Task[None], Duty] = {}

    async def run(self, stop: asyncio.Event, longest_end: Callable[[], float] = _longest_end) -> int:
        """Until `stop` is set, whatever fails meanwhile; how many pieces were broken off after it.

        Asked then, `longest_end` says how many seconds what is under way has to finish.
        """
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._wait(stopping, await self._turn_or_rest())
        finally:
            stopping.cancel()
            broken_off = await self._end(longest_end)
        return broken_off

    async def sweep(self) -> int:
        """Does everything that is due now, and what becomes due by it, and counts it; for commands and tests.

        Raises Unavailable when the database does not answer for a while.
        """
        done = 0
        while begun := await self._patiently(self._turn):
            done += begun
            while self._tasks:
                await asyncio.wait(self._tasks)
        return done

    async def _turn_or_rest(self) -> float:
        """The seconds to wait until the next look."""
        try:
            await self._turn()
        except Exception as error:  # noqa: BLE001  (a database that is away, or not migrated yet: it looks again)
            logger.warning("the worker could not look for work", extra={"kind": type(error).__name__})
            return _PAUSE_AFTER_FAILURE
        return _PAUSE

    async def _patiently(self, do: Callable[[], Awaitable[T]]) -> T:
        """Others may keep the database busy for a moment: tried some times before it raises Unavailable."""
        for _ in range(_TRIES - 1):
            try:
                return await do()
            except Unavailable:
                await asyncio.sleep(_PAUSE)
        return await do()

    async def _turn(self) -> int:
        """Begins what is due, as far as there is room; how much it was."""
        await self._before_turn()
        begun = 0
        for duty in self._duties:
            if (room := self._room(duty)) > 0:
                now = self._clock()
                until = now + timedelta(seconds=duty.seconds) + _LEASE_BEYOND_WORK
                claims = await self._units.run(claim, self._units, duty.model, now, until, room)
                for claimed in claims:
                    self._begin(duty, claimed)
                begun += len(claims)
        return begun

    def _room(self, duty: Duty) -> int:
        return duty.at_once - sum(each is duty for each in self._tasks.values())

    def _begin(self, duty: Duty, claimed: Claim) -> None:
        task = asyncio.create_task(self._do(duty, claimed))
        self._tasks[task] = duty
        task.add_done_callback(self._tasks.pop)

    async def _do(self, duty: Duty, claimed: Claim) -> None:
        known = {"table": duty.model.__name__, "row": claimed.row_id}
        try:
            async with asyncio.timeout(duty.seconds):
                await duty.do(claimed.row_id)
        except Exception as error:  # noqa: BLE001  (whatever it is, the loop goes on and the row is due again)
            logger.warning("a piece of work failed", extra=known | {"kind": type(error).__name__})
        try:
            await self._patiently(
                lambda: self._units.run(give_back, duty.model, claimed, self._clock() + _spread(_AGAIN))
            )
        except Unavailable:
            logger.warning("work could not be given back; its lease runs out", extra=known)

    async def _wait(self, stopping: asyncio.Task[bool], seconds: float) -> None:
        """Until there may be more to do: a little while, the end of something when all is taken, or the stop."""
        if any(self._room(duty) <= 0 for duty in self._duties):
            await asyncio.wait([stopping, *self._tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(_BREATH)
        else:
            await asyncio.wait([stopping], timeout=seconds * random.uniform(0.5, 1.0))  # noqa: S311  (to spread)

    async def _end(self, longest_end: Callable[[], float]) -> int:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=longest_end())
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)


def _spread(delay: timedelta) -> timedelta:
    """A little more or less, so that what failed together does not come back together."""
    return delay * random.uniform(0.8, 1.2)  # noqa: S311  (to spread, not to hide)
