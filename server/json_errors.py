"""Refusals of routes beside GraphQL, in the shape of GraphQL errors: one JSON for a client to understand."""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.problems import BadRequest, Forbidden, RateLimited, RequestFailure, Unauthenticated, Unavailable
from server.graphql.answers import Answer, refused
from server.graphql.errors import ErrorMask, bad_request, request_failure
from server.graphql.refusals import HttpRefusal
from server.lingering import Incoming, Lingering

logger = structlog.get_logger(__name__)

_JSON: Final = "application/json"
_STATUSES: Final[dict[type[RequestFailure], HTTPStatus]] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    BadRequest: HTTPStatus.BAD_REQUEST,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

Respond = Callable[[Request], Awaitable[Response]]


class JsonErrors:
    """An ASGI application around one endpoint: whatever `respond` raises is answered as JSON, never as a page.

    `methods` are those it is called for; others are answered 405. Nothing is answered when the client has gone.
    `lingering` is for answers that close the connection before all of a body was read.
    """

    def __init__(self, respond: Respond, methods: tuple[str, ...], lingering: Lingering | None = None) -> None:
        self._respond = respond
        self._methods = methods
        self._lingering = lingering or Lingering()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        incoming = Incoming(receive)
        try:
            response = await self._answer(Request(scope, incoming))
        except ClientDisconnect:
            return
        if incoming.is_over or response.headers.get("connection") != "close":
            await response(scope, receive, send)
        else:
            await self._lingering.answer(response, scope, incoming, send)

    async def _answer(self, request: Request) -> Response:
        try:
            self._check_method(request.method)
            return await self._respond(request)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  (the client gets JSON and the log the reason, whatever happens)
            answer = _refusal(error)
        if request.method == "HEAD":
            return Response(status_code=answer.status, headers={"Cache-Control": "no-store", **answer.headers})
        return answer.as_response(_JSON)

    def _check_method(self, method: str) -> None:
        if method not in self._methods:
            allowed = {"Allow": ", ".join(self._methods)}
            raise HttpRefusal(HTTPStatus.METHOD_NOT_ALLOWED, "method", f"Only {allowed['Allow']} is answered.", allowed)


def _refusal(error: Exception) -> Answer:
    if isinstance(error, HttpRefusal):
        logger.info("http_refused", reason=error.reason, status=error.status.value)
        return refused([bad_request(error.message)], error.status, error.headers)
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            logger.info("http_refused", reason=type(error).__name__, status=status.value)
            return refused([request_failure(error)], status, _headers(error))
    mask = ErrorMask(None, lambda: secrets.token_hex(8))
    return refused([mask.of_exception(error)], HTTPStatus.INTERNAL_SERVER_ERROR)


def _headers(error: RequestFailure) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, RateLimited):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unavailable):
        return {"Retry-After": "1"}
    return {}
