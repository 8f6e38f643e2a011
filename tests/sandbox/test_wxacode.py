"""getwxacodeunlimit: a real picture, or an error in JSON."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.sandbox.wire import TWO, Wire

pytestmark = pytest.mark.anyio

PATH = "/wxa/getwxacodeunlimit"
CHARACTERS = "!#$&'()*+,/:;=?@-._~"


async def ask(wire: Wire, body: Any, token: str | None = None) -> httpx.Response:
    given = {"access_token": await wire.token() if token is None else token}
    response = await wire.http.post(PATH, params=given, json=body)
    assert response.status_code == 200
    return response


async def picture(wire: Wire, body: dict[str, Any]) -> Image.Image:
    response = await ask(wire, body)
    assert response.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(response.content))


async def refused(wire: Wire, body: Any) -> tuple[int, str]:
    answer = await wire.post(PATH, body, await wire.token())
    assert sorted(answer) == ["errcode", "errmsg"]
    return answer["errcode"], answer["errmsg"].split(" rid: ")[0]


async def test_a_scene_gives_a_jpeg(wire: Wire) -> None:
    response = await ask(wire, {"scene": "s=Ab3", "page": "pages/index/index"})

    assert response.headers["content-type"] == "image/jpeg"
    assert response.content[:3] == b"\xff\xd8\xff"
    assert response.content[-2:] == b"\xff\xd9"
    image = Image.open(io.BytesIO(response.content))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (430, 430))
    ink = sum(image.convert("L").histogram()[:64]) / (430 * 430)
    assert 0.05 < ink < 0.35
    assert image.getpixel((0, 0)) == (255, 255, 255)


async def test_a_transparent_one_is_a_png(wire: Wire) -> None:
    response = await ask(wire, {"scene": "s=Ab3", "is_hyaline": True, "line_color": {"r": "200", "g": 0, "b": "16"}})

    assert response.headers["content-type"] == "image/png"
    assert response.content[:8] == b"\x89PNG\r\n\x1a\n"
    image = Image.open(io.BytesIO(response.content))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (430, 430))
    assert image.getpixel((0, 0)) == (200, 0, 16, 0)
    assert image.getpixel((160, 193)) == (200, 0, 16, 255)


async def test_the_same_scene_gives_the_same_picture_and_another_another(wire: Wire) -> None:
    bodies: list[dict[str, Any]] = [
        {"scene": "s=Ab3"},
        {"scene": "s=Ab4"},
        {"scene": "s=Ab3", "page": "pages/product/product"},
        {"scene": "s=Ab3", "env_version": "trial"},
        {"scene": "s=Ab3", "env_version": "develop"},
        {"scene": "s=Ab3", "line_color": {"r": 0, "g": 0, "b": 200}},
        {"scene": "s=Ab3", "auto_color": True},
        {"scene": "s=Ab3", "width": 280},
    ]

    first, second = [[(await ask(wire, body)).content for body in bodies] for _ in range(2)]
    other_app = (await ask(wire, bodies[0], await wire.token(TWO))).content

    assert first == second
    assert len({*first, other_app}) == len(bodies) + 1


async def test_two_scenes_differ_in_their_dots_and_not_only_in_their_text(wire: Wire) -> None:
    dots = [(await picture(wire, {"scene": scene})).crop((0, 0, 430, 380)).tobytes() for scene in ("s=Ab3", "s=Ab4")]

    assert dots[0] != dots[1]


@pytest.mark.parametrize("width", [280, 1280])
async def test_the_width_is_as_ordered(wire: Wire, width: int) -> None:
    assert (await picture(wire, {"scene": "a", "width": width})).size == (width, width)


@pytest.mark.parametrize("scene", [CHARACTERS, "0123456789abcXYZ", "W" * 32, "~"])
async def test_every_documented_character_may_be_in_a_scene(wire: Wire, scene: str) -> None:
    assert (await picture(wire, {"scene": scene})).size == (430, 430)


async def test_the_whole_request_of_the_documentation_is_taken(wire: Wire) -> None:
    body = {
        "scene": "a=1",
        "page": "pages/index/index",
        "check_path": False,
        "env_version": "release",
        "width": 430,
        "auto_color": False,
        "line_color": {"r": 0, "g": 0, "b": 0},
        "is_hyaline": False,
    }

    assert (await ask(wire, body)).content == (await ask(wire, {"scene": "a=1", "page": "pages/index/index"})).content


INVALID_SCENE = (40129, "invalid scene")
SCENE_LENGTH = (40169, "invalid length for scene, or the data is not json string")
INVALID_PAGE = (41030, "invalid page")
INVALID_ARGUMENTS = (40097, "invalid args")
REFUSALS: list[tuple[Any, tuple[int, str]]] = [
    ({}, INVALID_SCENE),
    ({"scene": None}, INVALID_SCENE),
    ({"scene": ""}, INVALID_SCENE),
    ({"scene": 1}, INVALID_SCENE),
    ({"scene": "a%20b"}, INVALID_SCENE),
    ({"scene": "a b"}, INVALID_SCENE),
    ({"scene": "分享"}, INVALID_SCENE),
    ({"scene": "a\n"}, INVALID_SCENE),
    ({"scene": 'a"b'}, INVALID_SCENE),
    ({"scene": "a" * 33}, SCENE_LENGTH),
    (b"{", SCENE_LENGTH),
    (b"scene=a", SCENE_LENGTH),
    (b"[]", SCENE_LENGTH),
    (b"", (44002, "empty post data")),
    ({"scene": "a", "page": "/pages/index/index"}, INVALID_PAGE),
    ({"scene": "a", "page": "pages/index/index?a=1"}, INVALID_PAGE),
    ({"scene": "a", "page": 1}, INVALID_PAGE),
    ({"scene": "a", "page": "/pages/index/index", "check_path": False}, INVALID_PAGE),
    (
        {"scene": "a", "page": "pages/scancode_time"},
        (85096, "page or path not allow include scancode_time field"),
    ),
    ({"scene": "a", "check_path": "false"}, INVALID_ARGUMENTS),
    ({"scene": "a", "env_version": "production"}, INVALID_ARGUMENTS),
    ({"scene": "a", "env_version": None}, INVALID_ARGUMENTS),
    ({"scene": "a", "width": 279}, INVALID_ARGUMENTS),
    ({"scene": "a", "width": 1281}, INVALID_ARGUMENTS),
    ({"scene": "a", "width": "430"}, INVALID_ARGUMENTS),
    ({"scene": "a", "width": 430.5}, INVALID_ARGUMENTS),
    ({"scene": "a", "is_hyaline": 1}, INVALID_ARGUMENTS),
    ({"scene": "a", "auto_color": "yes"}, INVALID_ARGUMENTS),
    ({"scene": "a", "line_color": "red"}, INVALID_ARGUMENTS),
    ({"scene": "a", "line_color": {"r": 0, "g": 0}}, INVALID_ARGUMENTS),
    ({"scene": "a", "line_color": {"r": 0, "g": 0, "b": 256}}, INVALID_ARGUMENTS),
    ({"scene": "a", "line_color": {"r": 0, "g": 0, "b": "x"}}, INVALID_ARGUMENTS),
    ({"scene": "a", "line_color": {"r": 0, "g": 0, "b": True}}, INVALID_ARGUMENTS),
]


@pytest.mark.parametrize(("body", "error"), REFUSALS)
async def test_a_wrong_request_is_refused_in_json(wire: Wire, body: Any, error: tuple[int, str]) -> None:
    assert await refused(wire, body) == error


async def test_a_token_and_post_are_needed(wire: Wire) -> None:
    token = await wire.token()

    without = await ask(wire, {"scene": "a"}, "")
    garbage = await ask(wire, {"scene": "a"}, "garbage")
    get = await wire.http.get(PATH, params={"access_token": token, "scene": "a"})

    assert [each.json()["errcode"] for each in (without, garbage, get)] == [41001, 40014, 43002]


@pytest.mark.parametrize("fault", ["errcode:45009", "http:500", "delay:0.05", "drip", "garbage"])
async def test_it_has_the_faults_that_every_path_has(wire: Wire, fault: str) -> None:
    token, body = await wire.token(), {"scene": "a"}
    whole = await ask(wire, body, token)
    await wire.fault(PATH, fault)

    answer = await wire.http.post(PATH, params={"access_token": token}, json=body)

    assert (answer.content == whole.content) == (fault in ("delay:0.05", "drip"))
    assert answer.status_code == (500 if fault == "http:500" else 200)
    assert (await ask(wire, body, token)).content == whole.content
    assert await wire.calls(PATH) == 3


@pytest.mark.parametrize("fault", ["reset", "reset-after"])
async def test_its_connection_can_be_cut(wire: Wire, fault: str) -> None:
    await wire.fault(PATH, fault)

    with pytest.raises(httpx.ReadError):
        await ask(wire, {"scene": "a"})

    assert (await ask(wire, {"scene": "a"})).content[:3] == b"\xff\xd8\xff"
