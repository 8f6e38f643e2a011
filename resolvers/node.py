"""Anything by its id: the type's prefix says whose room it is."""

from domain.ids import Prefix
from models.accounts import User
from resolvers.context import Context


def node(context: Context, node_id: str) -> User | None:
    """What the viewer may see under the id, or None; raises Unauthenticated with a bad token."""
    viewer = context.viewer_or_none()
    prefix, _, _ = node_id.partition("_")
    if prefix == Prefix.USER and viewer is not None and viewer.user.id == node_id:
        return viewer.user
    return None
