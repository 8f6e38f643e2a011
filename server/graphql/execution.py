"""Executing one valid operation: its variables, then the context, then its fields, before a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from itertools import islice
from typing import Any, Final, cast

import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLFormattedError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import Executor
from starlette.requests import Request
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable

from domain.problems import BadRequest, Unavailable
from server.graphql.answers import Answer, executed
from server.graphql.coercion import variable_faults
from server.graphql.errors import ErrorMask, bad_request, request_failure
from server.graphql.request_body import GraphQLRequest
from server.graphql.rules import mark_one_of_inputs

logger = structlog.get_logger(__name__)

_MOST_ERRORS: Final = 5

BuildContext = Callable[[Request], Awaitable[Any]]


class Execution:
    """Executes operations of one Strawberry schema; `deadline` is in seconds and includes building the context.

    It calls graphql-core with Strawberry's executor rather than `Schema.execute`, which would parse and validate once
    more; exception handlers work, they live in the resolvers. Extensions, operation directives and incremental delivery
    would not: a schema that has them is refused with ValueError.
    """

    def __init__(self, schema: Schema, build_context: BuildContext, deadline: float) -> None:
        if schema.extensions or schema.directives or schema.config.enable_experimental_incremental_execution:
            raise ValueError("Schema extensions, operation directives and incremental delivery are not served.")
        self.schema: GraphQLSchema = schema._schema  # noqa: SLF001  (Strawberry has no public name for it)
        mark_one_of_inputs(self.schema)
        self._executor_class = schema.execution_context_class
        self._build_context = build_context
        self._deadline = deadline

    def begin(
        self, call: GraphQLRequest, document: DocumentNode, operation: OperationDefinitionNode
    ) -> Executor[Any] | list[GraphQLFormattedError]:
        """The operation with its variables coerced, or what is wrong with them; nothing has run yet."""
        if operation.operation is OperationType.SUBSCRIPTION:
            raise BadRequest("Subscriptions are not served.")
        executor = self._executor_class.build(
            self.schema,
            document,
            raw_variable_values=call.variables,
            operation_name=call.operation_name,
            max_coercion_errors=_MOST_ERRORS,
            is_awaitable=cast("Any", optimized_is_awaitable),
            hide_suggestions=True,
            operation_extensions=call.extensions,
        )
        return self._variable_errors(call, operation) if isinstance(executor, list) else executor

    async def finish(self, executor: Executor[Any], request: Request, mask: ErrorMask) -> Answer:
        """The answer of an operation that is allowed to run; raises what building the context raises."""
        result = ExecutionResult(None, None)
        try:
            async with asyncio.timeout(self._deadline) as timer:
                executor.context_value = await self._build_context(request)
                outcome = executor.execute_operation()
                result = cast("ExecutionResult", await outcome if isawaitable(outcome) else outcome)
        except TimeoutError:
            if not timer.expired():
                raise
        if timer.expired():
            logger.warning("graphql_deadline_exceeded", operation=operation_name(executor.operation))
            late = Unavailable(f"The operation took more than {self._deadline:g} seconds; its outcome may be unknown.")
            return executed(None, [request_failure(late)])
        return executed(result.data, mask.of_execution(result.errors or ()))

    def _variable_errors(self, call: GraphQLRequest, operation: OperationDefinitionNode) -> list[GraphQLFormattedError]:
        faults = islice(variable_faults(self.schema, operation, call.variables), _MOST_ERRORS)
        errors = [bad_request(fault.message, fault.locations) for fault in faults]
        return errors or [bad_request("A variable has an invalid value.")]


def operation_name(operation: OperationDefinitionNode) -> str | None:
    """The name in the document, for logs; cut, because a client chose it."""
    return operation.name.value[:100] if operation.name else None
