"""The errors that leave: what a client may know of each, by an allow-list, and one log event for what it may not."""

import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import Any, Final

import structlog
from graphql import GraphQLError, GraphQLFormattedError, SourceLocation
from strawberry.exceptions import StrawberryInputCoercionError

from domain.problems import BadRequest, Forbidden, RateLimited, RequestFailure, Unauthenticated, Unavailable

logger = structlog.get_logger(__name__)

_ANSWERED: Final = (Unauthenticated, Forbidden, BadRequest, RateLimited, Unavailable)
_LONGEST_MESSAGE: Final = 300
_MOST_FRAMES: Final = 20

# graphql-core checks a variable inside an argument only when the field is executed; its message quotes the argument.
_RUNTIME_ARGUMENT: Final = re.compile(r"Argument '(\w{1,60})' (?:has invalid value|of required type)")


def bad_request(message: str, locations: Iterable[SourceLocation] | None = None) -> GraphQLFormattedError:
    """An error of the request itself."""
    error = GraphQLFormattedError(message=message[:_LONGEST_MESSAGE], extensions={"code": BadRequest.code})
    if locations:
        error["locations"] = [location.formatted for location in locations]
    return error


def request_failure(failure: RequestFailure) -> GraphQLFormattedError:
    """An error that a resolver, or the building of the context, raised on purpose."""
    extensions: dict[str, Any] = {"code": failure.code}
    if isinstance(failure, RateLimited):
        extensions["retryAfter"] = failure.retry_after
    return GraphQLFormattedError(message=failure.message, extensions=extensions)


class ErrorMask:
    """Turns whatever an operation raised into what may be answered; one for each answer.

    What is not on the allow-list becomes INTERNAL with an `errorId`, logged once with the place it came from: never
    its text, a variable or the document. The same failure of many list items is one event and one `errorId`.
    """

    def __init__(self, operation_name: str | None, new_error_id: Callable[[], str]) -> None:
        self._operation_name = operation_name
        self._new_error_id = new_error_id
        self._logged: dict[tuple[str, ...], str] = {}

    def of_execution(self, errors: Sequence[GraphQLError]) -> list[GraphQLFormattedError]:
        """The errors beside the data of an executed operation."""
        return [self._of_field(error) for error in errors]

    def of_exception(self, exception: BaseException) -> GraphQLFormattedError:
        """The error of something outside of any field."""
        if isinstance(exception, _ANSWERED):
            return request_failure(exception)
        return self._internal(exception, None)

    def _of_field(self, error: GraphQLError) -> GraphQLFormattedError:
        answer = self._without_place(error)
        if error.locations:
            answer["locations"] = [location.formatted for location in error.locations]
        if error.path:
            answer["path"] = error.path
        return answer

    def _without_place(self, error: GraphQLError) -> GraphQLFormattedError:
        cause = _innermost(error)
        if isinstance(cause, _ANSWERED):
            return request_failure(cause)
        if isinstance(cause, StrawberryInputCoercionError):
            return bad_request("An argument has an invalid value.")
        if type(cause) is GraphQLError and (argument := _RUNTIME_ARGUMENT.match(cause.message)):
            return bad_request(f"Argument '{argument[1]}' has an invalid value or none.")
        return self._internal(cause, error.path)

    def _internal(self, exception: BaseException, path: list[str | int] | None) -> GraphQLFormattedError:
        frames = _frames(exception)
        origin = type(exception).__qualname__, *frames[-1:]
        error_id = self._logged.get(origin)
        if error_id is None:
            error_id = self._logged[origin] = self._new_error_id()
            logger.error(
                "graphql_internal_error",
                error_id=error_id,
                exception_type=type(exception).__qualname__,
                operation=self._operation_name,
                path=".".join(map(str, path)) if path else None,
                frames=frames,
            )
        return GraphQLFormattedError(message="Internal error", extensions={"code": "INTERNAL", "errorId": error_id})


def _innermost(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    return cause


def _frames(exception: BaseException) -> list[str]:
    """Where it was raised, outermost first, as `folder/file.py:line:function`."""
    frames = [
        f"{'/'.join(PurePath(frame.f_code.co_filename).parts[-2:])}:{line}:{frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(exception.__traceback__)
    ]
    return frames[-_MOST_FRAMES:]
