"""`appletql`, as a process that kills itself at a named point: the nth pass of it, chosen by KILL_POINT and KILL_NTH.

    python -m tests.worker.killing_server serve --port 8000

The points are around calls to WeChat Pay and around commits; what the product does between them is its own.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import httpx
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.backends.sqlite.client import SqliteTransactionWrapper

from wechat.pay.client import Pay

POINTS = ("before send", "after send", "after answer", "before commit", "after commit")
_CALLS = ("prepay", "query", "close", "refund", "query_refund")
_SENT = "http11.send_request_body.complete"

Method = Callable[..., Awaitable[Any]]


class Countdown:
    """Ends this process, as `kill -9` does, at the nth pass of one point."""

    def __init__(self, point: str, nth: int) -> None:
        self._point = point
        self._nth = nth
        self._passes = count(1)

    def passing(self, point: str) -> None:
        """We are at this point."""
        if point == self._point and next(self._passes) == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)


def install(countdown: Countdown) -> None:
    """Puts the points into this process."""
    for name in _CALLS:
        setattr(Pay, name, _answered(countdown, getattr(Pay, name)))
    for kind in (TransactionWrapper, SqliteTransactionWrapper):
        setattr(kind, "commit", _committed(countdown, kind.commit))  # noqa: B010  (a method is replaced)
    transport: Any = httpx.AsyncHTTPTransport
    transport.handle_async_request = _sent(countdown, transport.handle_async_request)


def _answered(countdown: Countdown, call: Method) -> Method:
    async def answered(*args: Any, **given: Any) -> Any:
        answer = await call(*args, **given)
        countdown.passing("after answer")
        return answer

    return answered


def _committed(countdown: Countdown, commit: Method) -> Method:
    async def committed(*args: Any) -> Any:
        countdown.passing("before commit")
        done = await commit(*args)
        countdown.passing("after commit")
        return done

    return committed


def _sent(countdown: Countdown, send: Method) -> Method:
    async def sent(transport: Any, request: httpx.Request) -> Any:
        if not request.url.path.startswith("/v3/"):
            return await send(transport, request)

        async def trace(event: str, _info: Any) -> None:
            if event == _SENT:
                countdown.passing("after send")

        countdown.passing("before send")
        request.extensions["trace"] = trace
        return await send(transport, request)

    return sent


def main() -> None:
    """The command line, with the countdown running where one was asked for."""
    from server.cli import main as command_line

    if "KILL_POINT" in os.environ:
        install(Countdown(os.environ["KILL_POINT"], int(os.environ["KILL_NTH"])))
    command_line(prog_name="appletql")


if __name__ == "__main__":
    main()
