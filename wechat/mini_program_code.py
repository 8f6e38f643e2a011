"""The image that a phone scans to open a page of the mini program.

Follows "getUnlimitedQRCode" of WeChat's documentation.
"""

import re
from dataclasses import dataclass, field

from wechat.answers import read_object
from wechat.apps import App
from wechat.business import BusinessApi
from wechat.errors import CallerBug, Unreadable
from wechat.http import Answer

GETWXACODEUNLIMIT = "/wxa/getwxacodeunlimit"
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PAGE = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
_LONGEST_PAGE = 256
_OK_STATUS = 200
_WIDTHS = range(280, 1281)
_ENV_VERSIONS = ("release", "trial", "develop")
_OPENINGS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True)
class Image:
    """A JPEG or PNG, by its own first bytes."""

    content: bytes = field(repr=False)
    content_type: str


class MiniProgramCodes:
    """The code-image calls of every app."""

    def __init__(self, business: BusinessApi) -> None:
        self._business = business

    async def getwxacodeunlimit(
        self,
        app: App,
        scene: str,
        page: str,
        *,
        width: int = 430,
        env_version: str = "release",
        check_path: bool = True,
    ) -> Image:
        """An image, at most 1 MiB, that opens `page` with `scene` in its query; there may be any number of them.

        `scene` has 1 to 32 letters, digits and signs, `page` no leading slash and no query, `width` is 280 to 1280
        pixels; anything else is CallerBug without a call. Raises PageUnknown where `page` is not in the released
        version, RateLimited (5000 a minute) and other WeChatErrors.
        """
        if fault := _fault(scene, page, width, env_version):
            raise CallerBug(GETWXACODEUNLIMIT, f"no usable {fault}")
        body = {
            "scene": scene,
            "page": page,
            "width": width,
            "env_version": env_version,
            "check_path": check_path,
        }
        return await self._business.post_for(app, GETWXACODEUNLIMIT, body, _read, accept="image/*, application/json")


def _fault(scene: str, page: str, width: int, env_version: str) -> str | None:
    """The first argument that WeChat would refuse."""
    checks = {
        "scene": _SCENE.fullmatch(scene),
        "page": len(page) <= _LONGEST_PAGE and _PAGE.fullmatch(page),
        "width": width in _WIDTHS,
        "env_version": env_version in _ENV_VERSIONS,
    }
    return next((name for name, good in checks.items() if not good), None)


def _read(answer: Answer) -> Image:
    """The image; an error may come as JSON under the label of an image, so that both are looked at."""
    label = answer.headers.get("content-type", "").lower()
    content_type = next((kind for opening, kind in _OPENINGS.items() if answer.body.startswith(opening)), None)
    if answer.status != _OK_STATUS or content_type is None or not label.startswith("image/"):
        _ = read_object(GETWXACODEUNLIMIT, answer)
        raise Unreadable(GETWXACODEUNLIMIT, "no image")
    return Image(answer.body, content_type)
