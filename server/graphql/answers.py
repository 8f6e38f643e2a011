"""GraphQL answers as HTTP responses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from graphql import GraphQLFormattedError
from starlette.responses import Response

from server.graphql.negotiation import GRAPHQL_RESPONSE

# Answers hold personal data, and one URL has several representations.
_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Accept"}

_TEXT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is written: a GraphQL response, its HTTP status and further headers."""

    payload: Mapping[str, Any]
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_response(self, media_type: str) -> Response:
        """The response; raises TypeError, ValueError or RecursionError for data that is not JSON."""
        return Response(
            _encode(self.payload),
            status_code=self.status,
            headers={**_HEADERS, **self.headers},
            media_type=f"{media_type}; charset=utf-8",
        )


def executed(data: Mapping[str, Any] | None, errors: Sequence[GraphQLFormattedError]) -> Answer:
    """The answer of an operation whose execution began: 200, whatever came of it."""
    return Answer({"data": data, "errors": errors} if errors else {"data": data})


def refused(
    errors: Sequence[GraphQLFormattedError], status: HTTPStatus, headers: Mapping[str, str] | None = None
) -> Answer:
    """The answer of a request that was not executed: no `data`."""
    return Answer({"errors": errors}, status, headers or {})


def refused_document(errors: Sequence[GraphQLFormattedError], media_type: str) -> Answer:
    """The answer of a well-formed request whose document or variables are wrong; the media type decides the status."""
    return refused(errors, HTTPStatus.BAD_REQUEST if media_type == GRAPHQL_RESPONSE else HTTPStatus.OK)


def _encode(payload: Mapping[str, Any]) -> bytes:
    try:
        return _TEXT.encode(payload).encode()
    except UnicodeEncodeError:
        # A lone surrogate cannot be written in UTF-8; as an escape it still is JSON.
        return _ASCII.encode(payload).encode()
