"""Sharing: anybody sees a card, the signed-in make and open them, the sharer alone sees what became of one."""

from resolvers.context import Context
from services.sharing.views import ShareView
from services.sharing.visits import OpenedShare


async def share(context: Context, code: str) -> ShareView | None:
    """Public: a token that is not live is ignored."""
    return await context.services.shares.by_code(code, context.viewer)


async def create_share(context: Context, page: str, title: str, image_url: str | None) -> ShareView:
    """Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem, RateLimited."""
    return await context.services.shares.create(context.signed_in(), page, title, image_url)


async def open_share(context: Context, code: str, group: tuple[str, str] | None) -> OpenedShare:
    """Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem."""
    return await context.services.share_visits.open(context.signed_in(), code, group)


async def code_image_url(context: Context, view: ShareView) -> str | None:
    """The sharer's alone."""
    if context.viewer is None or not view.is_own:
        return None
    return await context.services.code_images.address(context.viewer, view.share)
