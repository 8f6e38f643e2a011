"""The unit of work: the one way to a transaction, safe against cancelled callers, lost slots and endless waits.

A task that is cancelled inside a Tortoise transaction breaks the database layer for good, and any client can cause
that (GraphQL cancels the siblings of a field that failed). So a unit runs in a task of its own which nobody cancels;
its caller may go away. The number of units is bounded by the pool, and a caller waits for a bounded time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError

from domain.problems import Unavailable
from models.failures import is_unavailability
from models.transactions import nested_transaction, transaction

P = ParamSpec("P")
T = TypeVar("T")

_BUSY = "The database is busy or away; try again."
_ATTEMPTS = 8


class RacedError(Exception):
    """Raised by the body of a unit that found that somebody else was faster and wants to start again."""


class NestingError(RuntimeError):
    """A unit opened from a task that inherited another task's unit: two tasks would share one connection."""


@dataclass(frozen=True)
class _Unit:
    owner: asyncio.Task[Any] | None
    units: "UnitsOfWork"


_current: ContextVar[_Unit | None] = ContextVar("unit_of_work", default=None)


class UnitsOfWork:
    """Runs units and reads on one database; `slots` bounds how many at once, `wait_seconds` how long a caller waits.

    Every method raises Unavailable when the database is busy or away. After it, a unit may still take effect.
    """

    def __init__(self, context: TortoiseContext, *, slots: int, wait_seconds: float) -> None:
        self._context = context
        self._slots = asyncio.Semaphore(slots)
        self._wait_seconds = wait_seconds
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, body: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `body`, all of it in one transaction; nested inside another unit, in a savepoint of that."""
        if self._inside():
            async with nested_transaction(self._client()):
                return await body(*args, **kwargs)
        return await self._in_own_task(self._transaction, body, args, kwargs)

    async def run_again_if_raced(self, body: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, and from the start again when a unique constraint or RacedError says that somebody was faster."""
        for _ in range(_ATTEMPTS):
            try:
                return await self.run(body, *args, **kwargs)
            except (IntegrityError, RacedError):
                continue
        raise Unavailable(_BUSY)

    async def read(self, body: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `body` without a transaction: for single statements that only look."""
        if self._inside():
            return await body(*args, **kwargs)
        return await self._in_own_task(self._plain, body, args, kwargs)

    async def ping(self) -> None:
        """One trivial statement; raises Unavailable when it does not come back."""
        await self.read(self._select_one)

    async def drain(self, seconds: float = 10.0) -> None:
        """Waits for what is still running, then ends it; call before the connections close."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in list(self._running):
            task.cancel()

    def connection(self) -> BaseDBAsyncClient:
        """Tortoise's client, for the statements that `models` writes itself; inside a unit, that unit's own."""
        return self._client()

    async def _in_own_task(
        self, runner: Callable[..., Awaitable[T]], body: Callable[..., Awaitable[T]], args: Any, kwargs: Any
    ) -> T:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._slots.acquire()
                task = asyncio.create_task(self._release_after(runner(body, args, kwargs)))
                self._running.add(task)
                task.add_done_callback(self._finished)
                return await asyncio.shield(task)
        except TimeoutError:
            raise Unavailable(_BUSY) from None

    async def _release_after(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except Exception as error:
            if is_unavailability(error):
                raise Unavailable(_BUSY) from error
            raise
        finally:
            self._slots.release()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that an abandoned unit does not complain at exit

    async def _transaction(self, body: Callable[..., Awaitable[T]], args: Any, kwargs: Any) -> T:
        self._enter()
        async with transaction(self._client()):
            return await body(*args, **kwargs)

    async def _plain(self, body: Callable[..., Awaitable[T]], args: Any, kwargs: Any) -> T:
        self._enter()
        return await body(*args, **kwargs)

    def _enter(self) -> None:
        """Both variables end with the task, which was made for this unit alone: there is nothing to reset."""
        _current.set(_Unit(asyncio.current_task(), self))
        self._context.__enter__()

    def _inside(self) -> bool:
        unit = _current.get()
        if unit is None or unit.units is not self:
            return False
        if unit.owner is not asyncio.current_task():
            raise NestingError("a unit of work must be opened by the task that runs the one around it, or after it")
        return True

    def _client(self) -> BaseDBAsyncClient:
        return self._context.db()

    async def _select_one(self) -> None:
        await self._client().execute_query("SELECT 1")
