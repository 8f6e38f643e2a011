"""Following the sandbox's clock in development, so that codes and sessions age together; production has none of it."""

import asyncio
import time
from datetime import timedelta

import httpx

from domain.clock import BusinessClock

_SECONDS = 0.5
_REST_SECONDS = 5.0


class SandboxClock:
    """Adds the sandbox's offset to the business clock; wire time is never touched.

    Callers that arrive while one reading is under way share the next: it starts after all of them asked.
    """

    def __init__(self, http: httpx.AsyncClient, url: str, clock: BusinessClock) -> None:
        self._http = http
        self._url = f"{url}/_sandbox/clock"
        self._clock = clock
        self._rest_until = 0.0
        self._current: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Reads the offset once; a sandbox that does not answer is left alone for a while and changes nothing."""
        if time.monotonic() < self._rest_until:
            return
        if self._next is None:
            self._next = asyncio.create_task(self._read_after(self._current))
        await asyncio.shield(self._next)

    async def _read_after(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        self._current, self._next = self._next, None
        try:
            answer = await self._http.get(self._url, timeout=_SECONDS)
            self._clock.offset = timedelta(seconds=float(answer.raise_for_status().json()["offset"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            self._rest_until = time.monotonic() + _REST_SECONDS
