"""Inputs in which absent and null mean different things."""

from dataclasses import fields
from typing import Any, TypeVar

from strawberry import UNSET

T = TypeVar("T")


def or_none(value: T | None) -> T | None:
    """Absent and null alike; an empty text stays what it is."""
    return None if value is UNSET else value


def given(value: Any) -> dict[str, Any]:
    """The fields of an input that the client sent, null ones included, by their names here."""
    return {field.name: found for field in fields(value) if (found := getattr(value, field.name)) is not UNSET}
