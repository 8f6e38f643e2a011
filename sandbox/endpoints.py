"""What every path of WeChat's is made of: a call comes in, a plain function answers it.

Handlers are synchronous, so each takes effect whole; how an answer then travels is `delivery`'s business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.offline_wechat import OfflineWeChat


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `query` keeps the last of repeated parameters, `path_params` the variable parts of the path."""

    method: str
    query: Mapping[str, str]
    path_params: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes


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

    `refuse` gives the answer that carries an errcode, None where the path has no errcodes; `signs` says whether
    answers are signed.
    """

    path: str
    handle: Callable[["OfflineWeChat", Call], Answer]
    refuse: Callable[["OfflineWeChat", int], Answer] | None = None
    signs: bool = False
