"""What every path of WeChat's is made of: a call comes in, a plain function answers it.

Handlers are synchronous, so each takes effect whole; how an answer then travels is `delivery`'s business.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.offline_wechat import OfflineWeChat

_VARIABLE = re.compile(r"\\{\w+\\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `query` keeps the last of repeated parameters, `path_params` the variable parts of the path.

    `target` is path and query exactly as they were sent, percent-encoding and all, one character a byte.
    """

    method: str
    query: Mapping[str, str]
    path_params: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes
    target: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path as WeChat's documents write it, and what answers there.

    `refuse` gives the answer that carries an errcode, None where the path has no errcodes; `refuse_code` the one with
    an error code of WeChat Pay's; `fail` the one with an HTTP status, a gateway's page where it is None. `signs` says
    whether answers are signed. Any other method than `method` is answered 405; without it, GET and POST are answered.
    `linger` is what comes between the effect and the answer.
    """

    path: str
    handle: Callable[["OfflineWeChat", Call], Answer]
    refuse: Callable[["OfflineWeChat", int], Answer] | None = None
    refuse_code: Callable[["OfflineWeChat", Call, str], Answer] | None = None
    fail: Callable[["OfflineWeChat", int], Answer] | None = None
    signs: bool = False
    method: str | None = None
    linger: Callable[["OfflineWeChat"], Awaitable[None]] | None = None

    @property
    def methods(self) -> list[str]:
        """The HTTP methods that are answered."""
        return ["GET", "POST"] if self.method is None else [self.method]

    def matches(self, path: str) -> bool:
        """Whether a concrete path, percent-encoding undone, is one of this template."""
        return re.fullmatch(_VARIABLE.sub("[^/]+", re.escape(self.path)), path) is not None
