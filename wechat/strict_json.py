"""JSON from outside, read strictly: UTF-8, one object, each name once, finite numbers."""

import json
import math
from typing import Any, Never


def parse_object(body: bytes) -> dict[str, Any] | None:
    """The object, or None where `body` is anything else; json's own errors hold the whole body and end here."""
    try:
        content = json.loads(
            body.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_each_name_once
        )
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _no_constant(_: str) -> Never:
    raise ValueError("JSON has no NaN and no Infinity")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number too large to be one")
    return number


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name twice")
    return content
