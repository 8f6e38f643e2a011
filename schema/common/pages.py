"""What every page says of itself."""

from collections.abc import Sequence
from typing import Any

import strawberry

from domain.pages import Page


@strawberry.type
class PageInfo:
    """Whether there is more, and how to ask for it."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[Any], cursors: Sequence[str]) -> "PageInfo":
        """The page, and the cursors of its rows in their order."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
