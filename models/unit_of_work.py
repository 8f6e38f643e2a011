"""The unit of work: the one way to a transaction, safe against cancelled callers, lost slots and endless waits.

A task that is cancelled inside a Tortoise transaction breaks the database layer for good, and any client can cause
that (GraphQL cancels the siblings of a field that failed). So a unit runs in a task of its own which nobody cancels;
its caller may go away. The number of units is bounded by the pool, and a caller waits for a bounded time.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError

from domain.problems import Unavailable
from models.failures import is_rolled_back, is_taken, is_unavailability, tell_failure
from models.transactions import nested_transaction, transaction

P = ParamSpec("P")
T = TypeVar("T")

_BUSY = "The database is busy or away; try again."
_ATTEMPTS = 8
_CHECKPOINT_MILLISECONDS = 200
_CANCEL_SECONDS = 1.0

logger = logging.getLogger(__name__)


class RacedError(Exception):
    """Raised by the body of a unit that found that somebody else was faster and wants to start again."""


class _RolledBackError(Unavailable):
    """A deadlock or a serialization failure: the database undid the unit, so that a repeat is safe."""


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
        self.slots = slots
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
            except (RacedError, _RolledBackError):
                await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311  (to spread, not to hide)
            except IntegrityError as error:
                if not is_taken(error):
                    raise
        logger.warning("a unit of work lost every race", extra={"attempts": _ATTEMPTS})
        raise Unavailable(_BUSY)

    async def read(self, body: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `body` without a transaction: for single statements that only look."""
        if self._inside():
            return await body(*args, **kwargs)
        return await self._in_own_task(self._plain, body, args, kwargs)

    async def ping(self) -> None:
        """One trivial statement; raises Unavailable when it does not come back."""
        await self.read(self._select_one)

    async def forget_deleted(self) -> None:
        """On SQLite, takes what was deleted out of the write-ahead log too; `secure_delete` took it out of the file.

        Raises nothing: while another process reads, the log stays until the next time, which is told.
        """
        try:
            is_done = await self.read(self._checkpoint)
        except Unavailable:
            is_done = False
        if not is_done:
            logger.warning("what was deleted is still in SQLite's write-ahead log, until nobody reads beside")

    async def take_turns(self, text: str) -> None:
        """Inside a unit: waits for any other that took its turn with the same text. SQLite's units do so anyway."""
        client = self._client()
        if client.capabilities.dialect != "sqlite":
            await client.execute_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [text])

    async def drain(self, seconds: float = 5.0) -> None:
        """Waits for what is still running, then ends it; call before the connections close."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        ended = list(self._running)
        for task in ended:
            task.cancel()
        if ended:  # a database that is silent answers no rollback either: closing the connections ends that
            await asyncio.wait([asyncio.gather(*ended, return_exceptions=True)], timeout=_CANCEL_SECONDS)

    def connection(self) -> BaseDBAsyncClient:
        """Tortoise's client, for the statements that `models` writes itself; inside a unit, that unit's own."""
        return self._client()

    async def _in_own_task(
        self, runner: Callable[..., Awaitable[T]], body: Callable[..., Awaitable[T]], args: Any, kwargs: Any
    ) -> T:
        task: asyncio.Task[T] | None = None
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._slots.acquire()
                task = asyncio.create_task(self._release_after(runner(body, args, kwargs)))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                return await asyncio.shield(task)
        except TimeoutError:
            logger.warning(
                "the database took too long", extra={"running": len(self._running), "begun": task is not None}
            )
            raise Unavailable(_BUSY) from None
        finally:
            if task is not None and not task.done():
                task.add_done_callback(_tell_if_failed)

    async def _release_after(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except Exception as error:
            if is_rolled_back(error):
                raise _RolledBackError(_BUSY) from error
            if is_unavailability(error):
                tell_failure("the database failed", error)
                raise Unavailable(_BUSY) from error
            raise
        finally:
            self._slots.release()

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

    async def _checkpoint(self) -> bool:
        client = self._client()
        if client.capabilities.dialect != "sqlite":
            return True
        [before] = await client.execute_query_dict("PRAGMA busy_timeout")
        await client.execute_query_dict(f"PRAGMA busy_timeout = {_CHECKPOINT_MILLISECONDS}")
        try:
            [outcome] = await client.execute_query_dict("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            await client.execute_query_dict(f"PRAGMA busy_timeout = {int(before['timeout'])}")
        return bool(outcome["busy"] == 0)

    async def is_writable(self) -> bool:
        """Whether the database takes writes; a PostgreSQL that was failed over may only be read."""
        return await self.read(self._takes_writes)

    async def _takes_writes(self) -> bool:
        client = self._client()
        if client.capabilities.dialect == "sqlite":
            return True
        [row] = await client.execute_query_dict("SHOW transaction_read_only")
        return bool(row["transaction_read_only"] == "off")

    async def _select_one(self) -> None:
        await self._client().execute_query("SELECT 1")


def _tell_if_failed(task: asyncio.Task[Any]) -> None:
    """For a unit whose caller went away: nobody else would hear of its failure."""
    if not task.cancelled() and (error := task.exception()) is not None:
        tell_failure("an abandoned unit of work failed", error)
