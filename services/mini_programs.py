"""The mini programs that this server is configured for."""

from collections.abc import Sequence

from domain.problems import InputIssue, ProblemCode, WeChatProblem
from wechat.apps import App


class MiniPrograms:
    """Looks up configured apps by appid; the first one is meant where none is named."""

    def __init__(self, apps: Sequence[App]) -> None:
        self._first = apps[0]
        self._by_appid = {app.appid: app for app in apps}

    def choose(self, field: str, appid: str | None) -> App | InputIssue:
        """The app a caller named in `field`, or what is wrong with the name."""
        if appid is None:
            return self._first
        return self._by_appid.get(appid) or InputIssue(field, "is not a mini program that this server serves")

    def serving(self, appid: str) -> App:
        """The app of a live session's identity; raises WeChatProblem when the operator took it out since."""
        app = self.known(appid)
        if app is None:
            raise WeChatProblem(ProblemCode.WECHAT_REJECTED, "This server no longer serves the mini program.")
        return app

    def known(self, appid: str) -> App | None:
        """The app of an identity; None when it was taken out of the configuration since."""
        return self._by_appid.get(appid)
