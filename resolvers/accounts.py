"""Accounts: signing in and out, and what the viewer sees of themselves."""

from models.accounts import User
from resolvers.context import Context
from services.accounts.login import SignedIn
from services.accounts.sessions import Viewer


async def login(context: Context, code: str, app_id: str | None) -> SignedIn:
    """Public. Raises InvalidInput, WeChatProblem."""
    return await context.services.login.sign_in(code, app_id)


async def logout(context: Context, *, everywhere: bool) -> int:
    """Public: without a live session nothing ends."""
    if context.viewer is None:
        return 0
    return await context.services.sessions.end(context.viewer, everywhere=everywhere)


def me(context: Context) -> User | None:
    """The viewer; raises Unauthenticated with a bad token."""
    viewer = context.viewer_or_none()
    return viewer.user if viewer else None


def session(context: Context) -> Viewer | None:
    """The viewer's session; raises Unauthenticated with a bad token."""
    return context.viewer_or_none()


async def is_wechat_session_current(context: Context, viewer: Viewer) -> bool | None:
    """Whether WeChat still holds the session_key kept here; None when WeChat could not be asked."""
    return await context.services.wechat_sessions.is_current(viewer.identity)
