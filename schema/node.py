"""`node`: anything by its id."""

import strawberry
from strawberry import Info

from resolvers import node
from resolvers.context import Context
from schema.accounts.user import User
from schema.common.node import Node
from schema.sharing import Share
from services.sharing.views import ShareView


async def _node(info: Info[Context, None], id: strawberry.ID) -> Node | None:  # noqa: A002  (the contract's name)
    found = await node.node(info.context, id)
    if isinstance(found, ShareView):
        return Share.from_view(found)
    return User.from_row(found) if found else None


@strawberry.type
class NodeQuery:
    """The root field for anything."""

    node: Node | None = strawberry.field(
        resolver=_node, description="Null when there is no such thing, or the viewer may not see it."
    )
