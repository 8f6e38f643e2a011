"""Following the sandbox's clock in development, so that codes and sessions age together; production has none of it."""

import time
from datetime import timedelta

import httpx

from domain.clock import BusinessClock

_SECONDS = 0.5
_REST_SECONDS = 5.0


class SandboxClock:
    """Adds the sandbox's offset to the business clock; wire time is never touched."""

    def __init__(self, http: httpx.AsyncClient, url: str, clock: BusinessClock) -> None:
        self._http = http
        self._url = f"{url}/_sandbox/clock"
        self._clock = clock
        self._rest_until = 0.0

    async def follow(self) -> None:
        """Reads the offset once; a sandbox that does not answer is left alone for a while and changes nothing."""
        if time.monotonic() < self._rest_until:
            return
        try:
            answer = await self._http.get(self._url, timeout=_SECONDS)
            self._clock.offset = timedelta(seconds=float(answer.raise_for_status().json()["offset"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            self._rest_until = time.monotonic() + _REST_SECONDS
