"""Anything by its id: the type's prefix says whose room it is."""

from domain.ids import Prefix
from models.accounts import User
from models.catalogue import Product
from models.payments import Refund
from resolvers import catalogue
from resolvers.context import Context
from services.orders.views import Onlooker, OrderView
from services.sharing.views import ShareView

Found = User | ShareView | Product | OrderView | Refund
"""Whatever has an id that clients know."""


async def node(context: Context, node_id: str) -> Found | None:
    """What the viewer may see under the id, or None.

    Raises Unauthenticated with a bad token, save for shares and products.
    """
    prefix, _, _ = node_id.partition("_")
    if prefix == Prefix.SHARE:
        return await context.services.shares.by_id(node_id, context.viewer)
    if prefix == Prefix.PRODUCT:
        return await catalogue.product(context, node_id)
    viewer = context.viewer_or_none()
    if viewer is None:
        return None
    if prefix == Prefix.ORDER:
        return await context.services.orders.by_id(Onlooker.of(viewer), node_id)
    if prefix == Prefix.REFUND:
        return await context.services.orders.refund(Onlooker.of(viewer), node_id)
    return viewer.user if viewer.user.id == node_id else None
