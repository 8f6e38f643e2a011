"""`POST /wechat/pay/notify`: the notifications of WeChat Pay, payments and refunds alike.

The body is read as raw bytes, since the signature is over exactly these. WeChat sends again whatever is not answered
with 2xx, for a day.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from domain.clock import wire_clock
from wechat.pay.verification import read_signature

if TYPE_CHECKING:
    from server.wiring import Process

_LARGEST_BODY = 64 * 1024
_SECONDS_FOR_BODY = 5.0
_AT_ONCE = 200
_READ_AT_ONCE = 500
_UNSIGNED_READ_AT_ONCE = 20


class _BusyError(Exception):
    """Every place is taken."""


class _Places:
    """Counts what is under way."""

    def __init__(self) -> None:
        self._taken = 0

    @contextmanager
    def one(self, most: int) -> Iterator[None]:
        """A place; raises _BusyError where `most` are taken."""
        if self._taken >= most:
            raise _BusyError
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class PayNotify:
    """An ASGI endpoint; `process` is asked for at each request, because it is open only while the server runs.

    Whoever sends bodies slowly keeps no notification out that has arrived: reading and settling have places of their
    own. What does not look signed just now is refused unread, but for what may be XML of API v2: that is never signed,
    the operator is told of it, and few such bodies are read at once.
    """

    def __init__(self, process: Callable[[], "Process"]) -> None:
        self._process = process
        self._reading, self._reading_unsigned, self._settling = _Places(), _Places(), _Places()

    async def answer(self, request: Request) -> Response:
        """204, or 4xx or 5xx with WeChat's own form of a failure."""
        signature = read_signature(request.headers)
        is_json = request.headers.get("content-type", "").startswith("application/json")
        if signature.is_stale(wire_clock()) if signature else is_json:
            response = await self._settle(request, b"")
            response.headers["Connection"] = "close"
            return response
        try:
            with self._reading.one(_READ_AT_ONCE) if signature else self._reading_unsigned.one(_UNSIGNED_READ_AT_ONCE):
                body = await _body(request)
            if isinstance(body, Response):
                return body
            with self._settling.one(_AT_ONCE):
                return await self._settle(request, body)
        except _BusyError:
            return _failure(HTTPStatus.SERVICE_UNAVAILABLE, "Busy; send it again.")

    async def _settle(self, request: Request, body: bytes) -> Response:
        process = self._process()
        if process.sandbox_clock is not None:
            await process.sandbox_clock.follow()
        reply = await process.receiving.receive(request.headers, body)
        if reply.status == HTTPStatus.NO_CONTENT:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return _failure(reply.status, reply.message)


async def _body(request: Request) -> bytes | Response:
    """The whole body, or why there is none."""
    try:
        async with asyncio.timeout(_SECONDS_FOR_BODY):
            body = await _read(request)
    except (TimeoutError, ClientDisconnect):
        return _failure(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive.")
    return _failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.") if body is None else body


async def _read(request: Request) -> bytes | None:
    """The whole body, or None for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    return bytes(body)


def _failure(status: int, message: str) -> Response:
    return JSONResponse({"code": "FAIL", "message": message}, status)
