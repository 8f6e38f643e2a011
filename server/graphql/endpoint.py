"""The GraphQL endpoint: one ASGI application over HTTP, every answer of which is well-formed JSON."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import structlog
from graphql import GraphQLFormattedError
from graphql.execution import Executor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from domain.problems import BadRequest
from schema.limits import Limits
from server.graphql.answers import executed, refused, refused_document
from server.graphql.documents import CacheLimits, Documents, is_mutation, select_operation
from server.graphql.errors import ErrorMask, bad_request
from server.graphql.execution import BuildContext, Execution, operation_name
from server.graphql.negotiation import JSON, choose_media_type, prefers_html
from server.graphql.refusals import HttpRefusal
from server.graphql.request_body import BodyLimits, GraphQLRequest, parse_query_string, read_post

logger = structlog.get_logger(__name__)

_ERROR_ID_BYTES: Final = 8


def _random_error_id() -> str:
    return secrets.token_hex(_ERROR_ID_BYTES)


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """How an endpoint serves; the defaults are those of production.

    `introspection` answers `__schema` and `__type`; `suggestions` lets validation errors say what was perhaps meant;
    `get_queries` executes queries in the URL; `page` answers a GET that asks for HTML; `deadline` is in seconds, for
    reading a body and again for executing an operation; `new_error_id` makes the ids that find a log line.
    """

    limits: Limits = field(default_factory=Limits)
    body_limits: BodyLimits = field(default_factory=BodyLimits)
    cache_limits: CacheLimits = field(default_factory=CacheLimits)
    introspection: bool = False
    suggestions: bool = False
    get_queries: bool = False
    page: Callable[[Request], Response] | None = None
    deadline: float = 10.0
    new_error_id: Callable[[], str] = _random_error_id


class GraphQLEndpoint:
    """An ASGI application to route `/graphql` to; it answers every method itself.

    `build_context` is awaited once for each request that is going to be executed, and for no other.
    """

    def __init__(self, schema: Schema, build_context: BuildContext, options: EndpointOptions) -> None:
        self._options = options
        self._execution = Execution(schema, build_context, options.deadline)
        self._documents = Documents(
            self._execution.schema,
            options.limits,
            introspection=options.introspection,
            suggestions=options.suggestions,
            cache_limits=options.cache_limits,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing, when the client has gone."""
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        accept = ",".join(request.headers.getlist("accept"))
        media_type = choose_media_type(accept)
        try:
            if request.method == "GET" and self._options.page and prefers_html(accept):
                return self._options.page(request)
            call = await self._read(request, media_type)
            return await self._respond_to_call(call, request, media_type or JSON)
        except HttpRefusal as refusal:
            logger.info("graphql_refused", reason=refusal.reason, status=refusal.status.value)
            answer = refused([bad_request(refusal.message)], refusal.status, refusal.headers)
        except ClientDisconnect:
            raise
        except Exception as exception:  # noqa: BLE001  (the client gets JSON and the log the reason, whatever happens)
            mask = ErrorMask(None, self._options.new_error_id)
            answer = refused([mask.of_exception(exception)], HTTPStatus.INTERNAL_SERVER_ERROR)
        return answer.as_response(media_type or JSON)

    def _check_method(self, method: str) -> None:
        if method == "POST" or (method == "GET" and self._options.get_queries):
            return
        allowed = "GET, POST" if self._options.get_queries or self._options.page else "POST"
        raise HttpRefusal(HTTPStatus.METHOD_NOT_ALLOWED, "method", "GraphQL is answered to POST.", {"Allow": allowed})

    async def _read(self, request: Request, media_type: str | None) -> GraphQLRequest:
        self._check_method(request.method)
        if media_type is None:
            raise HttpRefusal(HTTPStatus.NOT_ACCEPTABLE, "accept", "Only GraphQL answers in JSON are served.")
        if request.method == "GET":
            return parse_query_string(request.query_params, self._options.body_limits)
        try:
            async with asyncio.timeout(self._options.deadline):
                return await read_post(request, self._options.body_limits)
        except TimeoutError:
            raise HttpRefusal(
                HTTPStatus.REQUEST_TIMEOUT, "slow_body", "The body did not arrive in time.", {"Connection": "close"}
            ) from None

    async def _respond_to_call(self, call: GraphQLRequest, request: Request, media_type: str) -> Response:
        document = self._documents.prepare(call.query)
        if isinstance(document, tuple):
            return _refused("document", document, media_type)
        try:
            operation = select_operation(document, call.operation_name)
            if request.method == "GET" and is_mutation(operation):
                raise HttpRefusal(
                    HTTPStatus.METHOD_NOT_ALLOWED, "method", "A mutation must be sent by POST.", {"Allow": "POST"}
                )
            begun = self._execution.begin(call, document, operation)
        except BadRequest as refusal:
            return _refused("operation", [bad_request(refusal.message)], media_type)
        if isinstance(begun, list):
            return _refused("variables", begun, media_type)
        return await self._execute(begun, request, media_type)

    async def _execute(self, executor: Executor[Any], request: Request, media_type: str) -> Response:
        mask = ErrorMask(operation_name(executor.operation), self._options.new_error_id)
        failure: BaseException
        try:
            return (await self._execution.finish(executor, request, mask)).as_response(media_type)
        except asyncio.CancelledError as cancelled:
            task = asyncio.current_task()
            # A resolver that awaited something cancelled is a fault of ours; a cancelled request is not.
            if task is None or task.cancelling():
                raise
            failure = cancelled
        except Exception as exception:  # noqa: BLE001  (as above)
            failure = exception
        return executed(None, [mask.of_exception(failure)]).as_response(media_type)


def _refused(reason: str, errors: Sequence[GraphQLFormattedError], media_type: str) -> Response:
    answer = refused_document(errors, media_type)
    logger.info("graphql_refused", reason=reason, status=answer.status.value)
    return answer.as_response(media_type)
