"""What every field may use: who asks, and the services. Built once for a request."""

from dataclasses import dataclass

from domain.problems import Unauthenticated
from services.accounts.login import Login
from services.accounts.sessions import Sessions, Viewer
from services.accounts.wechat_sessions import WeChatSessions

_SIGN_IN = "Sign in with `login` and send its token as `Authorization: Bearer …`."


@dataclass(frozen=True)
class Services:
    """The use cases, made once for the process."""

    login: Login
    sessions: Sessions
    wechat_sessions: WeChatSessions


@dataclass(frozen=True)
class Context:
    """One request: `viewer` is None both without a token and with one that is not live."""

    services: Services
    viewer: Viewer | None
    has_bad_token: bool

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
