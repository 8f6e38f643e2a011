"""Signing in and out, and the session of a request."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET, Info

from resolvers import accounts
from resolvers.context import Context
from schema.accounts.user import User
from schema.common.inputs import or_none
from schema.common.problems import InvalidInput, Refusal, WeChatProblem
from services.accounts.sessions import Viewer


async def _is_wechat_session_current(root: "Session", info: Info[Context, None]) -> bool | None:
    return await accounts.is_wechat_session_current(info.context, root.viewer)


@strawberry.type(description="The session that the request's bearer token stands for.")
class Session:
    """The viewer's session."""

    viewer: strawberry.Private[Viewer]
    expires_at: datetime
    is_wechat_session_current: bool | None = strawberry.field(
        resolver=_is_wechat_session_current,
        description="Asks WeChat whether the session_key kept here is still the current one (checksession). "
        "Null when WeChat could not be asked.",
    )


@strawberry.input
class LoginInput:
    """What `login` takes."""

    code: str = strawberry.field(description="From `wx.login()`: single use, five minutes.")
    app_id: str | None = strawberry.field(
        default=UNSET,
        description="Which mini program, where the server serves several; the first configured one when left out.",
    )
    share_code: str | None = strawberry.field(
        default=UNSET, description="The share code the user arrived by; counts only at the first login."
    )


@strawberry.type
class LoginSuccess:
    """A session was made."""

    token: str = strawberry.field(
        description="Send as `Authorization: Bearer …`. Shown once; the server keeps only its hash."
    )
    expires_at: datetime
    is_new_user: bool
    user: User


@strawberry.type
class LogoutSuccess:
    """Sessions ended."""

    ended: int = strawberry.field(description="How many sessions ended; 0 without a live one.")


LoginResult = Annotated[LoginSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("LoginResult")]
LogoutResult = Annotated[LogoutSuccess, strawberry.union("LogoutResult")]


def _me(info: Info[Context, None]) -> User | None:
    row = accounts.me(info.context)
    return User.from_row(row) if row else None


def _session(info: Info[Context, None]) -> Session | None:
    viewer = accounts.session(info.context)
    return Session(viewer=viewer, expires_at=viewer.expires_at) if viewer else None


@strawberry.type
class SignInQuery:
    """The root fields about the viewer."""

    me: User | None = strawberry.field(
        resolver=_me, description="The signed-in user; null for a request without a token."
    )
    session: Session | None = strawberry.field(
        resolver=_session, description="The session of the request's token; null without one."
    )


async def _login(info: Info[Context, None], input: LoginInput) -> LoginResult | None:  # noqa: A002  (the contract's name)
    signed_in = await accounts.login(info.context, input.code, or_none(input.app_id), or_none(input.share_code))
    return LoginSuccess(
        token=signed_in.token,
        expires_at=signed_in.expires_at,
        is_new_user=signed_in.is_new_user,
        user=User.from_row(signed_in.user, signed_in.appid),
    )


async def _logout(info: Info[Context, None], *, everywhere: bool = False) -> LogoutResult | None:
    return LogoutSuccess(ended=await accounts.logout(info.context, everywhere=everywhere))


@strawberry.type
class SignInMutation:
    """The root mutations about signing in and out."""

    login: LoginResult | None = strawberry.field(
        resolver=_login, description="Exchanges a code of wx.login for a session. Needs no token, ignores a stale one."
    )
    logout: LogoutResult | None = strawberry.field(
        resolver=_logout, description="Ends the session of the request's token, or every session of its user."
    )
