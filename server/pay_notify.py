"""`POST /wechat/pay/notify`: the notifications of WeChat Pay, payments and refunds alike.

The body is read as raw bytes, since the signature is over exactly these. WeChat sends again whatever is not answered
with 2xx, for a day.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.wiring import Process

_LARGEST_BODY = 64 * 1024
_SECONDS_FOR_BODY = 5.0
_AT_ONCE = 200


class PayNotify:
    """An ASGI endpoint; `process` is asked for at each request, because it is open only while the server runs."""

    def __init__(self, process: "Callable[[], Process]") -> None:
        self._process = process
        self._under_way = 0

    async def answer(self, request: Request) -> Response:
        """204, or 4xx or 5xx with WeChat's own form of a failure."""
        if self._under_way >= _AT_ONCE:
            return _failure(HTTPStatus.SERVICE_UNAVAILABLE, "Busy; send it again.")
        self._under_way += 1
        try:
            return await self._answer(request)
        finally:
            self._under_way -= 1

    async def _answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(_SECONDS_FOR_BODY):
                body = await _read(request)
        except (TimeoutError, ClientDisconnect):
            return _failure(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive.")
        if body is None:
            return _failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
        process = self._process()
        if process.sandbox_clock is not None:
            await process.sandbox_clock.follow()
        reply = await process.receiving.receive(request.headers, body)
        if reply.status == HTTPStatus.NO_CONTENT:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return _failure(reply.status, reply.message)


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
