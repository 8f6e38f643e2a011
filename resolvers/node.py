"""Anything by its id: the type's prefix says whose room it is."""

from domain.ids import Prefix
from models.accounts import User
from resolvers.context import Context
from services.sharing.views import ShareView


async def node(context: Context, node_id: str) -> User | ShareView | None:
    """What the viewer may see under the id, or None; raises Unauthenticated with a bad token, save for shares."""
    prefix, _, _ = node_id.partition("_")
    if prefix == Prefix.SHARE:
        return await context.services.shares.by_id(node_id, context.viewer)
    viewer = context.viewer_or_none()
    if prefix == Prefix.USER and viewer is not None and viewer.user.id == node_id:
        return viewer.user
    return None
