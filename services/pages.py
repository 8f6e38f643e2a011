"""Pages of rows out of the database: one statement, or two where a cursor was given, however many rows there are."""

from typing import TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from domain.pages import Cursor, Page

M = TypeVar("M", bound=Model)


async def page_of(query: QuerySet[M], first: int, after: Cursor | None) -> Page[M]:
    """`first` rows of the query behind the cursor, newest id first; for inside a unit of work or a read.

    The query must not be ordered or limited, and its model's key is `id`. Relations that it loads ahead are loaded.
    """
    behind = query if after is None else query.filter(id__lt=after.row_id)
    rows = await behind.order_by("-id").limit(first + 1)
    has_previous = after is not None and await query.filter(id__gte=after.row_id).exists()
    return Page(rows[:first], len(rows) > first, has_previous)
