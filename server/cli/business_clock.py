"""The clock of commands that write business times: in development the sandbox's, as the server has it."""

import asyncio
from datetime import timedelta

import click

from domain.clock import BusinessClock, Clock
from server.sandbox_clock import SandboxClock
from server.settings import Settings
from wechat.http import new_http_client

_TRIES = 3
_PAUSE_SECONDS = 0.2
_UNREAD = timedelta.max
_UNREACHABLE = (
    "appletql: warning: the sandbox of APPLETQL_WECHAT_API_URL does not tell its clock; what is written has real time, "
    "which may lie before what the server wrote"
)


async def business_clock(settings: Settings) -> Clock:
    """Real time in production; in development with the sandbox's offset of this moment.

    A sandbox that does not answer within two seconds is told on standard error, and real time is given.
    """
    clock = BusinessClock()
    if settings.sandbox_url is not None and not await _is_set(clock, settings.sandbox_url):
        click.echo(_UNREACHABLE, err=True)
    return clock


async def _is_set(clock: BusinessClock, sandbox_url: str) -> bool:
    clock.offset = _UNREAD
    async with new_http_client() as http:
        for _ in range(_TRIES):
            # A new one for each try: after a failure it leaves the sandbox alone for a while.
            await SandboxClock(http, sandbox_url, clock).follow()
            if clock.offset != _UNREAD:
                return True
            await asyncio.sleep(_PAUSE_SECONDS)
    clock.offset = timedelta(0)
    return False
