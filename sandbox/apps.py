"""The mini programs that the sandbox knows: appid and secret, as the console of WeChat shows them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_APPID = re.compile(r"wx[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class App:
    """One mini program. Raises ValueError when the appid is not `wx` and 16 hex digits, or the secret is empty."""

    appid: str
    secret: str = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        if not _APPID.fullmatch(self.appid):
            raise ValueError("an appid is wx and 16 lower-case hex digits")
        if not self.secret:
            raise ValueError("an app needs a secret")


DEFAULT_APPS = (
    App("wx5a4db0c500000001", "5a4db0c5-not-a-real-secret-00001", "Sandbox app one"),
    App("wx5a4db0c500000002", "5a4db0c5-not-a-real-secret-00002", "Sandbox app two"),
)
"""Two mini programs of one Open Platform account: what a server under development is configured with."""


def by_appid(apps: Iterable[App]) -> dict[str, App]:
    """The apps by their appid, in the given order. Raises ValueError when there is none, or one twice."""
    listed = tuple(apps)
    known = {app.appid: app for app in listed}
    if not listed or len(known) != len(listed):
        raise ValueError("the sandbox needs at least one app, and each appid once")
    return known
