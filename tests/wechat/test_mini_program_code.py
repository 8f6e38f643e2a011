"""Code images: what is asked for, and how an image is told from an error."""

import json
from typing import Any

import httpx
import pytest

from tests.wechat.scripted import APP, SCENE, SECOND_TOKEN, TOKEN, Reply, Script, open_wechat, refusal, token_answer
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.http import LARGEST_BODY
from wechat.mini_program_code import GETWXACODEUNLIMIT, Image

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 50
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50
PAGE = "pages/share/share"


def answered(body: bytes, content_type: str | None = "image/jpeg", status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=body, headers={} if content_type is None else {"content-type": content_type})


def refused(errcode: int, content_type: str = "application/json; encoding=utf-8") -> httpx.Response:
    return answered(json.dumps(refusal(errcode)).encode(), content_type)


async def image(script: Script, scene: str = SCENE, page: str = PAGE, **options: Any) -> Image:
    async with open_wechat(script) as wechat:
        return await wechat.codes.getwxacodeunlimit(APP, scene, page, **options)


async def test_an_image_is_asked_for_in_one_post() -> None:
    script = Script({GETWXACODEUNLIMIT: [answered(JPEG)]})

    assert await image(script) == Image(JPEG, "image/jpeg")

    request = script.last(GETWXACODEUNLIMIT)
    assert (request.method, dict(request.url.params)) == ("POST", {"access_token": TOKEN})
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "image/*, application/json"
    assert json.loads(request.content) == {
        "scene": SCENE,
        "page": PAGE,
        "width": 430,
        "env_version": "release",
        "check_path": True,
    }
    assert script.count(GETWXACODEUNLIMIT) == 1


async def test_options_are_sent_as_they_are() -> None:
    script = Script({GETWXACODEUNLIMIT: [answered(PNG, "image/png")]})

    assert await image(script, width=1280, env_version="trial", check_path=False) == Image(PNG, "image/png")

    body = json.loads(script.last(GETWXACODEUNLIMIT).content)
    assert (body["width"], body["env_version"], body["check_path"]) == (1280, "trial", False)


@pytest.mark.parametrize(
    ("body", "label", "content_type"),
    [
        (JPEG, "image/jpeg", "image/jpeg"),
        (JPEG, "IMAGE/JPEG; q=1", "image/jpeg"),
        (PNG, "image/png", "image/png"),
        (PNG, "image/jpeg", "image/png"),
        (JPEG, "image/svg+xml", "image/jpeg"),
    ],
)
async def test_an_image_is_what_its_first_bytes_say(body: bytes, label: str, content_type: str) -> None:
    script = Script({GETWXACODEUNLIMIT: [answered(body, label)]})

    assert (await image(script)).content_type == content_type


@pytest.mark.parametrize(
    "reply",
    [
        *(answered(body) for body in (b"", b"GIF89a", b"<svg/>", b"<html>", JPEG[1:], b"\xff\xd8", b"\x89PNG")),
        *(answered(JPEG, label) for label in ("application/json", "text/html", "text/plain", None)),
        *(answered(JPEG, status=status) for status in (201, 302, 404, 500)),
        *(answered(b'{"errcode":0,"errmsg":"ok"}', label) for label in ("image/jpeg", "application/json")),
        *(answered(b"[]", "application/json"), answered(b'{"errcode":"40001"}')),
        answered(b'{"errcode":40001', "image/jpeg"),
    ],
    ids=lambda reply: f"{reply.status_code} {reply.headers.get('content-type')} {reply.content[:12]!r}",
)
async def test_anything_else_is_no_image(reply: httpx.Response) -> None:
    script = Script({GETWXACODEUNLIMIT: [reply]})

    with pytest.raises(errors.Unreadable):
        await image(script)

    assert script.count(GETWXACODEUNLIMIT) == 1


@pytest.mark.parametrize("label", ["application/json; encoding=utf-8", "image/jpeg", "text/plain", "IMAGE/PNG"])
@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (-1, errors.Busy),
        (40097, errors.CallerBug),
        (40129, errors.CallerBug),
        (40169, errors.CallerBug),
        (41030, errors.PageUnknown),
        (45009, errors.RateLimited),
        (85096, errors.CallerBug),
    ],
)
async def test_an_error_is_one_under_any_label(errcode: int, kind: type[errors.WeChatError], label: str) -> None:
    script = Script({GETWXACODEUNLIMIT: [refused(errcode, label), answered(JPEG)]})

    with pytest.raises(errors.WeChatError) as raised:
        await image(script)

    assert type(raised.value) is kind
    assert raised.value.errcode == errcode
    assert script.count(GETWXACODEUNLIMIT) == 1


@pytest.mark.parametrize("errcode", [40001, 40014, 42001, 41001])
async def test_a_refused_access_token_is_replaced_once(errcode: int) -> None:
    script = Script(
        {
            STABLE_TOKEN: [token_answer(), token_answer(SECOND_TOKEN)],
            GETWXACODEUNLIMIT: [refused(errcode), answered(JPEG)],
        }
    )

    assert (await image(script)).content == JPEG
    assert (script.count(GETWXACODEUNLIMIT), script.count(STABLE_TOKEN)) == (2, 2)
    assert script.last(GETWXACODEUNLIMIT).url.params["access_token"] == SECOND_TOKEN


@pytest.mark.parametrize("reply", [httpx.ReadTimeout("late"), httpx.ConnectError("away")], ids=str)
async def test_an_image_that_does_not_come_is_unavailable(reply: Reply) -> None:
    script = Script({GETWXACODEUNLIMIT: [reply, answered(JPEG)]})

    with pytest.raises(errors.Unavailable):
        await image(script)

    assert script.count(GETWXACODEUNLIMIT) == 1


async def test_an_image_has_a_largest_size() -> None:
    largest = JPEG.ljust(LARGEST_BODY, b"\x00")

    assert LARGEST_BODY == 1024 * 1024
    assert (await image(Script({GETWXACODEUNLIMIT: [answered(largest)]}))).content == largest
    with pytest.raises(errors.Unreadable, match="more than 1048576 bytes"):
        await image(Script({GETWXACODEUNLIMIT: [answered(largest + b"\x00")]}))


@pytest.mark.parametrize("scene", ["a", "a" * 32, "0189azAZ!#$&'()*+,/:;=?@-._~"])
@pytest.mark.parametrize("page", ["index", "pages/index/index", "packageA/pages/v2.1/my-page_1"])
async def test_what_wechat_allows_is_sent(scene: str, page: str) -> None:
    script = Script({GETWXACODEUNLIMIT: [answered(JPEG)]})

    await image(script, scene, page)

    body = json.loads(script.last(GETWXACODEUNLIMIT).content)
    assert (body["scene"], body["page"]) == (scene, page)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        *(({"scene": scene}, "scene") for scene in ("", "a" * 33, "a b", "a%20", "码", "a\n", 'a"', "a\\b", "\ud800")),
        *(({"page": page}, "page") for page in ("", "/pages/index", "pages/", "pages//index", "pages/index?a=b")),
        *(({"page": page}, "page") for page in ("pages/../index", "./index", "pages/index#a", "页", "a b", "a\n")),
        *(({"page": page}, "page") for page in ("a" * 257, "https://a/b", "pages\\index", "\ud800")),
        *(({"width": width}, "width") for width in (0, 279, 1281, -430)),
        *(({"env_version": version}, "env_version") for version in ("", "Release", "formal")),
    ],
    ids=ascii,
)
async def test_what_wechat_would_refuse_is_not_sent(arguments: dict[str, Any], fault: str) -> None:
    script = Script({GETWXACODEUNLIMIT: [answered(JPEG)]})

    with pytest.raises(errors.CallerBug) as raised:
        await image(script, **arguments)

    assert str(raised.value) == f"WeChat {GETWXACODEUNLIMIT}: wrongly called (no usable {fault})"
    assert script.requests == []


def test_an_image_does_not_show_its_bytes() -> None:
    assert repr(Image(JPEG, "image/jpeg")) == "Image(content_type='image/jpeg')"
