"""`node`: anything by its id."""

import strawberry
from strawberry import Info

from resolvers import node
from resolvers.context import Context
from schema.accounts import User
from schema.common.node import Node


def _node(info: Info[Context, None], id: strawberry.ID) -> Node | None:  # noqa: A002  (the contract's name)
    row = node.node(info.context, id)
    return User.from_row(row) if row else None


@strawberry.type
class NodeQuery:
    """The root field for anything."""

    node: Node | None = strawberry.field(
        resolver=_node, description="Null when there is no such thing, or the viewer may not see it."
    )
