"""How many rows of lists a document asks for: ten pages of fifty, each written twice, are megabytes."""

from typing import Final

from graphql import FieldNode, IntValueNode

from domain.pages import DEFAULT_FIRST, MOST_FIRST

CONNECTIONS: Final = frozenset({"products", "orders"})
"""The fields that answer pages."""

_ROWS: Final = frozenset({"nodes", "edges"})


def page_size(node: FieldNode) -> int:
    """The most rows of one page: what `first` says, the largest page where that is a variable."""
    for argument in node.arguments or ():
        if argument.name.value == "first":
            digits = argument.value.value if isinstance(argument.value, IntValueNode) else ""
            return (
                min(int(digits), MOST_FIRST)
                if digits.isdecimal() and len(digits) <= len(str(MOST_FIRST))
                else MOST_FIRST
            )
    return DEFAULT_FIRST


def repeats_page(node: FieldNode) -> bool:
    """Whether a field within a page writes something of each row once more: its rows, or what has an alias."""
    return node.alias is not None or node.name.value in _ROWS
