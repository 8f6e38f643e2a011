"""Pages of a list that is newest first: how many, from where on, and whether there is more on either side.

The key is the id itself, which is ordered by time: what arrives meanwhile moves nothing from one page to another.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.ids import Prefix, is_id
from domain.problems import BadRequest

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_FIRST = 20
MOST_FIRST = 50

_VERSION = "a"
_LONGEST_CURSOR = 64


@dataclass(frozen=True)
class Cursor:
    """A place in a list: just behind the row with this id."""

    row_id: str

    def encode(self) -> str:
        """As clients see it: opaque, of [0-9A-Za-z_-]."""
        return base64.urlsafe_b64encode(f"{_VERSION}{self.row_id}".encode()).rstrip(b"=").decode()

    @classmethod
    def decode(cls, prefix: Prefix, text: str) -> "Cursor":
        """The cursor that a client sent back; raises BadRequest for one that is not of a list of such rows."""
        content = _decoded(text) if len(text) <= _LONGEST_CURSOR else ""
        cursor = cls(content.removeprefix(_VERSION))
        if not is_id(prefix, cursor.row_id) or cursor.encode() != text:
            raise BadRequest("`after` is no cursor of this list; send one as it was given, or none.")
        return cursor


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, newest first, and whether the list has others behind and before them."""

    rows: Sequence[T]
    has_next: bool
    has_previous: bool

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        """The same page of something made of each row."""
        return Page([change(row) for row in self.rows], self.has_next, self.has_previous)


def read_first(first: int | None) -> int:
    """How many rows a client wants, 1 to 50, or 20 where it does not say; raises BadRequest."""
    wanted = DEFAULT_FIRST if first is None else first
    if not 1 <= wanted <= MOST_FIRST:
        raise BadRequest(f"`first` must be 1 to {MOST_FIRST}.")
    return wanted


def read_after(prefix: Prefix, after: str | None) -> Cursor | None:
    """The cursor that a client sent, if any; raises BadRequest."""
    return None if after is None else Cursor.decode(prefix, after)


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}").decode("ascii")
    except (binascii.Error, ValueError):
        return ""
