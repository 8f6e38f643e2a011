"""Answering somebody who is still sending: at once, and what is left of the body is read away for a while.

A connection that is closed with bytes unread is reset, and a reset takes the answer with it.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send


class Incoming:
    """What a client sends; `is_over` once all of it was received, or the client has gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_over = False

    async def __call__(self) -> Message:
        """The next part, as ASGI has it."""
        message = await self._receive()
        self.is_over = not message.get("more_body", False)
        return message


@dataclass(frozen=True, kw_only=True)
class Lingering:
    """At most `size` bytes and `seconds` are given to what is left of a body; then the connection ends, come what may.

    Nothing of it is kept.
    """

    size: int = 16 * 1024 * 1024
    seconds: float = 30.0

    async def answer(self, response: Response, scope: Scope, incoming: Incoming, send: Send) -> None:
        """The whole response goes out first, so that whoever looks for it while sending can stop."""

        async def hold_open(message: Message) -> None:
            await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

        await response(scope, incoming, hold_open)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await self._read_away(incoming)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read_away(self, incoming: Incoming) -> None:
        left = self.size
        while left > 0 and not incoming.is_over:
            left -= len((await incoming()).get("body", b""))
