"""`POST /uploads/…`: pictures as `wx.uploadFile` sends them; an avatar after `<button open-type="chooseAvatar">`."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.problems import RateLimited, Unavailable
from server.graphql.refusals import HttpRefusal
from server.json_errors import JsonErrors
from server.lingering import Lingering
from server.multipart import FormLimits, read_file
from services.media.addresses import OwnPictures
from services.media.images import LARGEST_FILE
from services.media.keys import MediaKey
from services.media.refusals import TooLarge

if TYPE_CHECKING:
    from resolvers.context import Context
    from services.accounts.sessions import Viewer

_FIELD: Final = "file"
_NOWHERE: Final = "This server takes no pictures: its operator has to set APPLETQL_PUBLIC_URL."
_MULTIPART_LIMITS: Final = FormLimits(file=LARGEST_FILE)


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """Uploads at once, in all and of one user, because each holds its file in memory; seconds for a body to arrive.

    `lingering`: of a body that is refused before its end nothing is held any more, and it counts as no upload.
    """

    at_once: int = 10
    of_one_user: int = 2
    seconds: float = 30.0
    lingering: Lingering = field(default_factory=Lingering)


class PictureKeeper(Protocol):
    """Makes a picture of a file and stores it."""

    async def keep(self, viewer: "Viewer", data: bytes) -> MediaKey:
        """The key it is stored under; raises a kind of ImageRefused, or Unavailable."""


class AvatarUploads(JsonErrors):
    """An ASGI application to route `/uploads/avatar` to: a bearer token and a form in, `{"url": …}` out.

    `build_context` finds out who asks, before a byte of the body is read; `keeper` is asked for at each upload,
    because it is open only between start-up and shutdown; `public_url` is this server's address, without a slash at
    its end, or None. 401 without a live token, 503 without an address to answer, 400, 413 and 415 as in
    `server.multipart`, 400 for a picture that is refused.
    """

    def __init__(
        self,
        build_context: "Callable[[Request], Awaitable[Context]]",
        keeper: Callable[[], PictureKeeper],
        public_url: str | None,
        limits: UploadLimits | None = None,
    ) -> None:
        self._limits = limits or UploadLimits()
        super().__init__(self._keep, ("POST",), self._limits.lingering)
        self._build_context = build_context
        self._keeper = keeper
        self._pictures = OwnPictures(public_url)
        self._under_way: Counter[str] = Counter()

    async def _keep(self, request: Request) -> Response:
        viewer = self._allowed(await self._build_context(request))
        if not self._pictures.is_reachable:
            raise Unavailable(_NOWHERE)
        with self._place(viewer):
            data = await self._read(request)
            try:
                key = await self._keeper().keep(viewer, data)
            except TooLarge as refusal:
                raise HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", refusal.message) from None
        return JSONResponse({"url": self._pictures.address(key)}, headers={"Cache-Control": "no-store"})

    def _allowed(self, context: "Context") -> "Viewer":
        """Who uploads; raises what stands against it."""
        return context.signed_in()

    async def _read(self, request: Request) -> bytes:
        headers = request.headers
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_encoding", "The body must not be compressed.")
        content_type, length = headers.get("content-type", ""), headers.get("content-length", "")
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await read_file(content_type, length, request.stream(), _FIELD, _MULTIPART_LIMITS)
        except TimeoutError:
            raise HttpRefusal(
                HTTPStatus.REQUEST_TIMEOUT, "slow_body", "The body did not arrive in time.", {"Connection": "close"}
            ) from None

    @contextmanager
    def _place(self, viewer: "Viewer") -> Iterator[None]:
        user = viewer.user.id
        if self._under_way[user] >= self._limits.of_one_user:
            raise RateLimited("Your earlier upload is still under way.", retry_after=1)
        if self._under_way.total() >= self._limits.at_once:
            raise Unavailable("Too many uploads are under way; try again.")
        self._under_way[user] += 1
        try:
            yield
        finally:
            self._under_way[user] -= 1
            if not self._under_way[user]:
                del self._under_way[user]


class ProductUploads(AvatarUploads):
    """The same for `/uploads/product`, and 403 for everybody but operators."""

    def _allowed(self, context: "Context") -> "Viewer":
        return context.operator()
