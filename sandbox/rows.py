"""Reads the rows of a state back from JSON: strict, so that a damaged file is told and not believed."""

import types
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Row = TypeVar("_Row")


class NotAState(ValueError):
    """What was read is no state of a sandbox; the text says why."""


def read_rows(kind: type[_Row], kept: Any) -> Iterable[_Row]:
    """The rows of a list of objects, each of a dataclass. Raises NotAState."""
    if not isinstance(kept, list):
        raise NotAState(f"its list of {kind.__name__} is missing")
    return [read_row(kind, entry) for entry in kept]


def read_row(kind: type[_Row], entry: Any) -> _Row:
    """One row; fields that have a default may be missing. Raises NotAState."""
    wanted = get_type_hints(kind)
    needed = {
        each.name
        for each in fields(kind)  # type: ignore[arg-type]  # every kind is a dataclass, which no bound can say
        if each.default is MISSING and each.default_factory is MISSING
    }
    if not isinstance(entry, dict) or not needed <= entry.keys() <= wanted.keys():
        raise NotAState(f"a {kind.__name__} has other fields than it should")
    try:
        return kind(**{name: _read(wanted[name], value) for name, value in entry.items()})
    except TypeError:
        raise NotAState(f"a {kind.__name__} has a field of the wrong type") from None


def _read(wanted: Any, value: Any) -> Any:
    """The value as the annotation wants it. Raises TypeError when it is not."""
    if wanted is Any:
        return value
    if get_origin(wanted) in (Union, types.UnionType):
        return _read_union(get_args(wanted), value)
    if get_origin(wanted) is list and isinstance(value, list):
        return [_read(get_args(wanted)[0], each) for each in value]
    if get_origin(wanted) is dict and isinstance(value, dict):
        return {name: _read(get_args(wanted)[1], each) for name, each in value.items()}
    if is_dataclass(wanted) and isinstance(wanted, type):
        return read_row(wanted, value)
    if not _fits(wanted, value):
        raise TypeError
    return value


def _read_union(choices: tuple[Any, ...], value: Any) -> Any:
    for choice in choices:
        if choice is not type(None) and value is not None:
            return _read(choice, value)
    if type(None) not in choices:
        raise TypeError
    return None


def _fits(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, type):
        return False
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted) or (isinstance(value, int) and wanted is float)
