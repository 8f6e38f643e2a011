"""`node`: anything by its id."""

import strawberry
from strawberry import Info

from models.catalogue import Product as ProductRow
from models.payments import Refund as RefundRow
from resolvers import node
from resolvers.context import Context
from schema.accounts.user import User
from schema.catalogue.product import Product
from schema.common.node import Node
from schema.orders.order import Order
from schema.orders.refund import Refund
from schema.sharing import Share
from services.orders.views import OrderView
from services.sharing.views import ShareView


async def _node(info: Info[Context, None], id: strawberry.ID) -> Node | None:  # noqa: A002  (the contract's name)
    found = await node.node(info.context, id)
    if isinstance(found, ShareView):
        return Share.from_view(found)
    if isinstance(found, ProductRow):
        return Product.from_row(found)
    if isinstance(found, OrderView):
        return Order.from_view(found)
    if isinstance(found, RefundRow):
        return Refund.from_row(found)
    return User.from_row(found) if found else None


@strawberry.type
class NodeQuery:
    """The root field for anything."""

    node: Node | None = strawberry.field(
        resolver=_node, description="Null when there is no such thing, or the viewer may not see it."
    )
