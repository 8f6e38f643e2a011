"""Reads the JSON bodies of the remote control: strict, so that a mistyped field is an error and not a surprise."""

import json
import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

_Choice = TypeVar("_Choice", bound=StrEnum)
_FIRST_PRINTABLE = " "


class Refused(Exception):
    """A call of the remote control that changes nothing; the text says what is wrong, without quoting the body."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object; no body at all is an empty object."""
    if not raw:
        return {}
    try:
        content = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refused("the body is not JSON") from None
    if not isinstance(content, dict):
        raise Refused("the body is not a JSON object")
    return content


def read_only(fields: Mapping[str, Any], names: Iterable[str], where: str = "the body") -> None:
    """Raises Refused when there is a field of another name."""
    allowed = tuple(names)
    if not fields.keys() <= set(allowed):
        known = f"it may have: {', '.join(allowed)}" if allowed else "it may have none"
        raise Refused(f"{where} has an unknown field; {known}")


def read_text(fields: Mapping[str, Any], name: str, where: str = "the body", longest: int = 2048) -> str | None:
    """A string without control characters that UTF-8 can carry, or None when there is no such field."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, str) or len(value) > longest:
        raise Refused(f"{where}: {name} is not a text of at most {longest} characters")
    if any(character < _FIRST_PRINTABLE or "\ud800" <= character <= "\udfff" for character in value):
        raise Refused(f"{where}: {name} has control characters or half a surrogate pair")
    return value


def read_integer(fields: Mapping[str, Any], name: str, allowed: range, where: str = "the body") -> int | None:
    """An integer of the range, or None when there is no such field."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise Refused(f"{where}: {name} is not an integer from {allowed.start} to {allowed.stop - 1}")
    return value


def read_number(fields: Mapping[str, Any], name: str) -> float | None:
    """A finite number, or None when there is no such field."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, int | float) or isinstance(value, bool) or not _finite(value):
        raise Refused(f"the body: {name} is not a number")
    return float(value)


def read_flag(fields: Mapping[str, Any], name: str) -> bool | None:
    """True or false, or None when there is no such field."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, bool):
        raise Refused(f"the body: {name} is not true or false")
    return value


def read_list(fields: Mapping[str, Any], name: str) -> list[Any]:
    """A list, empty when there is no such field."""
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise Refused(f"the body: {name} is not a list")
    return value


def read_choice(fields: Mapping[str, Any], name: str, choices: type[_Choice], default: _Choice) -> _Choice:
    """One of the choices, or the default when there is no such field."""
    value = fields.get(name, default)
    if value not in list(choices):
        raise Refused(f"the body: {name} is none of: {', '.join(choices)}")
    return choices(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _refuse_constant(_name: str) -> float:
    raise ValueError
