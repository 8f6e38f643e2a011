"""What every field may use: who asks, and the services. Built once for a request."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.problems import Forbidden, Unauthenticated
from services.accounts.deletion import Deletion
from services.accounts.export import Export
from services.accounts.login import Login
from services.accounts.phones import Phones
from services.accounts.profiles import Profiles
from services.accounts.sessions import Sessions, Viewer
from services.accounts.wechat_sessions import WeChatSessions
from services.catalogue.products import NOT_AN_OPERATOR, Products
from services.media.addresses import OwnPictures
from services.orders.buying import Buying
from services.orders.reading import OrderReading
from services.orders.refunding import Refunding
from services.sharing.code_images import CodeImages
from services.sharing.shares import Shares
from services.sharing.visits import Visits

T = TypeVar("T")

_SIGN_IN = "Sign in with `login` and send its token as `Authorization: Bearer …`."


@dataclass(frozen=True)
class Services:
    """The use cases, made once for the process."""

    login: Login
    sessions: Sessions
    wechat_sessions: WeChatSessions
    profiles: Profiles
    phones: Phones
    deletion: Deletion
    export: Export
    shares: Shares
    share_visits: Visits
    code_images: CodeImages
    pictures: OwnPictures
    products: Products
    orders: OrderReading
    buying: Buying
    refunding: Refunding


@dataclass(frozen=True)
class Context:
    """One request: `viewer` is None both without a token and with one that is not live."""

    services: Services
    viewer: Viewer | None
    has_bad_token: bool
    asked: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def once(self, name: str, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer to a question that is put once for a request, however many fields ask it."""
        if name not in self.asked:
            self.asked[name] = asyncio.ensure_future(ask())
        answer: T = await asyncio.shield(self.asked[name])
        return answer

    def shown(self, stored: str | None) -> str | None:
        """The address of a picture, as phones reach it today, for what is stored of it."""
        return self.services.pictures.shown(stored)

    def viewer_or_none(self) -> Viewer | None:
        """For fields that are null without a token; raises Unauthenticated with one that is not live."""
        if self.has_bad_token:
            raise Unauthenticated(_SIGN_IN)
        return self.viewer

    def signed_in(self) -> Viewer:
        """For fields that need a session; raises Unauthenticated without a live one."""
        if self.viewer is None:
            raise Unauthenticated(_SIGN_IN)
        return self.viewer

    @property
    def is_operator(self) -> bool:
        """For public fields that show operators more; a token that is not live is ignored."""
        return self.viewer is not None and self.viewer.user.is_operator

    def operator(self) -> Viewer:
        """For fields of operators; raises Unauthenticated without a live session, Forbidden for anybody else's."""
        viewer = self.signed_in()
        if not viewer.user.is_operator:
            raise Forbidden(NOT_AN_OPERATOR)
        return viewer
