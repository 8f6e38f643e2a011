"""Scalars of our own: Strawberry prints datetimes with microseconds and an offset, the contract wants neither."""

from datetime import UTC, datetime

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition


def serialize_datetime(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as in `2026-11-21T08:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_datetime(value: object) -> datetime:
    """An aware datetime in UTC; raises GraphQLError for text that is none, or that has no offset."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GraphQLError("DateTime must be RFC 3339 with an offset.")
    return moment.astimezone(UTC)


DATETIME: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="RFC 3339 in UTC with milliseconds, as in `2026-11-21T08:30:00.000Z`.",
    serialize=serialize_datetime,
    parse_value=parse_datetime,
)
