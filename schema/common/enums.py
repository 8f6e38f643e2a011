"""Domain enums as GraphQL enums, with a description for each value."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry

E = TypeVar("E", bound=Enum)


def register_enum(enum: type[E], values: Mapping[E, str], *, description: str | None = None) -> None:
    """Makes the domain's enum known to Strawberry, in place; raises KeyError for a value without a description."""
    definition = strawberry.enum(enum, description=description).__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry.enum
    for value in definition.values:
        value.description = values[enum[value.name]]
