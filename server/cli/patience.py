"""Asking WeChat about many orders: ten at once, waiting while the circuit is open, stopping where nothing answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import click

from domain.problems import Failure, Unavailable
from models.orders import Order
from server.cli.orders_sync_tally import Tally, is_silence
from wechat.breaker import Breaker, State

T = TypeVar("T")

_AT_ONCE = 10
_READS, _PAUSE_SECONDS = 3, 1.0


async def batches(read: Callable[[str], Awaitable[list[Order]]], tally: Tally) -> AsyncIterator[list[Order]]:
    """What `read` gives after the id of the last one, until there is no more, or the tally is stopped."""
    after = ""
    while not tally.stopped and (batch := await _next_batch(read, after, tally)):
        after = batch[-1].id
        yield batch


async def _next_batch(read: Callable[[str], Awaitable[list[Order]]], after: str, tally: Tally) -> list[Order]:
    """Empty where the database does not answer three times, which stops the tally."""
    for _ in range(_READS):
        try:
            return await read(after)
        except Unavailable:
            await asyncio.sleep(_PAUSE_SECONDS)
    tally.stopped = "the database does not answer"
    return []


async def some_at_once(
    batch: Sequence[T], ask: Callable[[T], Awaitable[None]], tally: Tally, advance: Callable[[int], None]
) -> None:
    """Asks about each of them, ten at a time, until the tally is stopped."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(asked: T) -> None:
        async with slots:
            if tally.stopped:
                return
            await ask(asked)
        advance(1)

    await asyncio.gather(*(one(each) for each in batch))


@dataclass
class Patience:
    """Waits while the circuit is open, once for all who ask meanwhile, and stops where WeChat is silent then."""

    breaker: Breaker
    tally: Tally
    probe_seconds: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, look: Callable[[], Awaitable[T]]) -> T:
        """What `look` gives, after a wait where the circuit is open. Raises what comes of it."""
        try:
            return await look()
        except Failure as failure:
            if not is_silence(failure) or not self._is_needed:
                raise
            return await self._try_again(look, failure)

    @property
    def _is_needed(self) -> bool:
        return self.breaker.state is not State.CLOSED

    async def _try_again(self, look: Callable[[], Awaitable[T]], failure: Failure) -> T:
        """Looks once more; raises what comes of it, or the `failure` from before where it stopped."""
        async with self.turn:
            if self.tally.stopped:
                raise failure
            if self._is_needed:
                return await self._probe(look)
        return await look()

    async def _probe(self, look: Callable[[], Awaitable[T]]) -> T:
        click.echo(f"WeChat does not answer; the next try is in {self.probe_seconds:g} seconds", err=True)
        await asyncio.sleep(self.probe_seconds)
        try:
            return await look()
        finally:
            if self._is_needed:
                self.tally.stopped = "WeChat does not answer"
