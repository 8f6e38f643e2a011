"""Accounts: signing in and out, and what the viewer sees of themselves."""

from collections.abc import Mapping
from typing import Any

from models.accounts import User
from resolvers.context import Context
from services.accounts.login import SignedIn
from services.accounts.phones import BoundNumber
from services.accounts.sessions import Viewer


async def login(context: Context, code: str, app_id: str | None, share_code: str | None) -> SignedIn:
    """Public. Raises InvalidInput, WeChatProblem."""
    return await context.services.login.sign_in(code, app_id, share_code)


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
    return await context.once("checksession", lambda: context.services.wechat_sessions.is_current(viewer.identity))


async def phone(context: Context, user_id: str) -> BoundNumber | None:
    """The number of a user; only ever the viewer's, since nobody is shown another person's User."""
    return await context.services.phones.of(user_id)


async def update_profile(context: Context, fields: Mapping[str, Any]) -> User:
    """Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem, RateLimited."""
    return await context.services.profiles.change(context.signed_in(), fields)


async def update_profile_signed(context: Context, raw_data: str, signature: str) -> User:
    """Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem, RateLimited."""
    return await context.services.profiles.change_signed(context.signed_in(), raw_data, signature)


async def update_profile_encrypted(context: Context, encrypted_data: str, iv: str) -> User:
    """Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem, RateLimited."""
    return await context.services.profiles.change_encrypted(context.signed_in(), encrypted_data, iv)


async def bind_phone(context: Context, code: str | None, encrypted: tuple[str, str] | None) -> User:
    """By the button's code, or by its older encryptedData and iv.

    Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem.
    """
    if encrypted is not None:
        return await context.services.phones.bind_by_data(context.signed_in(), *encrypted)
    return await context.services.phones.bind_by_code(context.signed_in(), code or "")


async def unbind_phone(context: Context) -> User:
    """Raises Unauthenticated."""
    return await context.services.phones.unbind(context.signed_in())


async def delete_account(context: Context, code: str) -> None:
    """Raises Unauthenticated, InvalidInput, WeChatProblem."""
    await context.services.deletion.delete(context.signed_in(), code)


async def export_my_data(context: Context) -> Mapping[str, Any]:
    """Raises Unauthenticated."""
    return await context.services.export.of(context.signed_in())
