"""From bytes to a GraphQL request: bounded, strict UTF-8, strict JSON, the right shape."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request

from server.graphql.negotiation import is_json
from server.graphql.refusals import HttpRefusal, bad_body

_OPTIONAL: Final = (
    ("operationName", str | None, "a string"),
    ("variables", dict | None, "an object"),
    ("extensions", dict | None, "an object"),
)


@dataclass(frozen=True, kw_only=True)
class BodyLimits:
    """The largest body that is read: `size` in bytes, nested `depth` times, with `values` JSON values in all.

    `values` is bounded apart because coercing a list of small numbers costs far more than reading its bytes.
    """

    size: int = 64 * 1024
    depth: int = 32
    values: int = 2_000


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """What a client asks for."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


async def read_post(request: Request, limits: BodyLimits) -> GraphQLRequest:
    """The GraphQL request in a POST; raises HttpRefusal 400, 413 or 415, and Starlette's ClientDisconnect."""
    if not is_json(request.headers.get("content-type")):
        raise HttpRefusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_type", "The Content-Type must be application/json in UTF-8."
        )
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_encoding", "The body must not be compressed.")
    return parse_body(await _read(request, limits.size), limits)


def parse_body(body: bytes, limits: BodyLimits) -> GraphQLRequest:
    """The GraphQL request in a JSON body; raises HttpRefusal 400."""
    if not body:
        raise bad_body("The body is empty.")
    value = _parse_json(body, "The body")
    if isinstance(value, list):
        raise bad_body("Batches are not supported: the body must be one JSON object.")
    if not isinstance(value, dict):
        raise bad_body("The body must be a JSON object.")
    return _checked(value, limits)


def parse_query_string(parameters: Mapping[str, str], limits: BodyLimits) -> GraphQLRequest:
    """The GraphQL request in the URL of a GET, where variables and extensions are JSON; raises HttpRefusal 400, 413."""
    if sum(map(len, parameters.values())) > limits.size:
        raise _too_large(limits.size)
    value: dict[str, Any] = dict(parameters)
    for name in ("variables", "extensions"):
        if name in value:
            value[name] = _parse_json(parameters[name].encode(errors="surrogatepass"), f"The parameter '{name}'")
    return _checked(value, limits)


async def _read(request: Request, size: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and (len(declared) > len(str(size)) or int(declared) > size):
        raise _too_large(size)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > size:
            raise _too_large(size)
    return bytes(body)


def _too_large(size: int) -> HttpRefusal:
    return HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"The request is larger than {size} bytes.")


def _parse_json(text: bytes, subject: str) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    # ValueError covers bad UTF-8, bad JSON and integers of too many digits.
    except (ValueError, RecursionError):
        raise bad_body(f"{subject} is not valid JSON in UTF-8.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
    return number


def _checked(value: dict[str, Any], limits: BodyLimits) -> GraphQLRequest:
    query = value.get("query")
    if not isinstance(query, str):
        raise bad_body("'query' must be given, as a string.")
    for name, expected, description in _OPTIONAL:
        if not isinstance(value.get(name), expected):
            raise bad_body(f"'{name}' must be {description} or null.")
    _check_size(value, limits)
    return GraphQLRequest(
        query=query,
        operation_name=value.get("operationName"),
        variables=value.get("variables") or {},
        extensions=value.get("extensions") or {},
    )


def _check_size(value: Any, limits: BodyLimits) -> None:
    """Refuse what is nested too deeply or holds too many values, without recursion."""
    level, count = [value], 1
    for _ in range(limits.depth + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
        count += len(below)
        if count > limits.values:
            raise bad_body(f"The request holds more than {limits.values} values.")
        if not below:
            return
        level = below
    raise bad_body(f"The request is nested more than {limits.depth} levels deep.")
