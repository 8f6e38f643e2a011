"""Mini program codes without a limit of number: the picture that opens a page with a scene.

https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getunlimitedqrcode.html
"""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.api_weixin import endpoint, posted, token_owner
from sandbox.endpoints import Answer, Call
from sandbox.errcodes import Errcode, WeChatRefusal
from sandbox.offline_wechat import OfflineWeChat
from sandbox.wxacode_picture import Look, draw

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+")
_DECIMAL = re.compile(r"[0-9]{1,3}")
_LONGEST_SCENE = 32
_WIDTHS = range(280, 1281)
_DEFAULT_WIDTH = 430
_SHADES = range(256)
_VERSIONS = ("release", "trial", "develop")
_BLACK = (0, 0, 0)
# What auto_color takes from a real app's icon; there is none here.
_AUTO_COLOR = (7, 193, 96)


def get_unlimited_wxacode(wechat: OfflineWeChat, call: Call) -> Answer:
    """The picture: JPEG, or PNG where a transparent one is asked for. The same request gives the same bytes."""
    appid = token_owner(wechat, call)
    body = posted(call, malformed=Errcode.SCENE_LENGTH)
    scene, page, version = _read_scene(body), _read_page(body), body.get("env_version", _VERSIONS[0])
    if version not in _VERSIONS or not isinstance(body.get("check_path", True), bool):
        raise WeChatRefusal(Errcode.INVALID_ARGUMENTS)
    look = _read_look(body)
    picture = draw(f"{appid}\n{version}\n{page}\n{scene}", scene, look)
    return Answer(200, picture, "image/png" if look.is_hyaline else "image/jpeg")


def _read_scene(body: Mapping[str, Any]) -> str:
    scene = body.get("scene")
    if isinstance(scene, str) and len(scene) > _LONGEST_SCENE:
        raise WeChatRefusal(Errcode.SCENE_LENGTH)
    if not isinstance(scene, str) or not _SCENE.fullmatch(scene):
        raise WeChatRefusal(Errcode.INVALID_SCENE)
    return scene


def _read_page(body: Mapping[str, Any]) -> str:
    # The sandbox does not know which pages an app has: any well-formed one is there, whatever check_path says.
    page = body.get("page", "")
    if not isinstance(page, str) or page.startswith("/") or "?" in page:
        raise WeChatRefusal(Errcode.INVALID_PAGE)
    if "scancode_time" in page:
        raise WeChatRefusal(Errcode.RESERVED_IN_PAGE)
    return page


def _read_look(body: Mapping[str, Any]) -> Look:
    width, auto_color, is_hyaline = body.get("width", _DEFAULT_WIDTH), body.get("auto_color"), body.get("is_hyaline")
    if not _is_integer(width, _WIDTHS) or not all(isinstance(flag, bool | None) for flag in (auto_color, is_hyaline)):
        raise WeChatRefusal(Errcode.INVALID_ARGUMENTS)
    color = _read_color(body.get("line_color"))
    return Look(width, _AUTO_COLOR if auto_color else color, is_hyaline=bool(is_hyaline))


def _read_color(given: Any) -> tuple[int, int, int]:
    if given is None:
        return _BLACK
    if not isinstance(given, dict):
        raise WeChatRefusal(Errcode.INVALID_ARGUMENTS)
    return _read_shade(given.get("r")), _read_shade(given.get("g")), _read_shade(given.get("b"))


def _read_shade(given: Any) -> int:
    # WeChat's own sample writes the decimal numbers as texts.
    shade = int(given) if isinstance(given, str) and _DECIMAL.fullmatch(given) else given
    if not _is_integer(shade, _SHADES):
        raise WeChatRefusal(Errcode.INVALID_ARGUMENTS)
    return int(shade)


def _is_integer(value: Any, allowed: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


WXACODE = (endpoint("/wxa/getwxacodeunlimit", get_unlimited_wxacode),)
