"""The way to an upstream: past its breaker, through a bulkhead, and past the breaker again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wechat.breaker import Breaker
from wechat.bulkhead import Bulkhead


@asynccontextmanager
async def admitted(breaker: Breaker, bulkhead: Bulkhead, path: str) -> AsyncIterator[None]:
    """Around one call. Raises CircuitOpen and Crowded, both before anything was sent.

    The time in the queue is not the upstream's: the breaker sees only what comes after it. It may have opened while
    the call waited.
    """
    breaker.refuse_if_open(path)
    async with bulkhead.slot(path):
        with breaker.watch(path):
            yield
