"""`GET /media/…`: stored pictures, each under an address whose content never changes."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.graphql.refusals import HttpRefusal
from server.json_errors import JsonErrors
from services.media.keys import MediaKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.media.store import MediaStore

_YEAR: Final = 365 * 24 * 3600
_HEADERS: Final = {
    "Cache-Control": f"public, max-age={_YEAR}, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class MediaFiles(JsonErrors):
    """An ASGI application to route `/media/{key:path}` to; `store` is asked for at each request.

    404 for everything that is no key of ours, before the store is asked.
    """

    def __init__(self, store: "Callable[[], MediaStore]") -> None:
        super().__init__(self._show, ("GET", "HEAD"))
        self._store = store

    async def _show(self, request: Request) -> Response:
        key = MediaKey.parse(request.path_params["key"])
        if key is None:
            raise _not_found()
        etag = f'"{key.digest}"'
        headers = {**_HEADERS, "ETag": etag}
        is_known = _names(request.headers.getlist("if-none-match"), etag)
        if is_known or request.method == "HEAD":
            return await self._without_content(key, headers, is_known=is_known)
        picture = await self._store().open(key)
        if picture is None:
            raise _not_found()
        headers["Content-Length"] = str(picture.size)
        return StreamingResponse(picture.chunks, headers=headers, media_type=key.content_type)

    async def _without_content(self, key: MediaKey, headers: dict[str, str], *, is_known: bool) -> Response:
        size = await self._store().size(key)
        if size is None:
            raise _not_found()
        if is_known:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(headers={**headers, "Content-Length": str(size)}, media_type=key.content_type)


def _names(if_none_match: list[str], etag: str) -> bool:
    """Whether a client has this content already (RFC 9110, 13.1.2: the comparison is weak)."""
    given = {tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")}
    return bool(given & {etag, "*"})


def _not_found() -> HttpRefusal:
    return HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", "There is no such picture.")
