"""`codeImageUrl`: the mini-program code of a share, made once, for the sharer alone."""

import asyncio
from pathlib import Path

import pytest

from models.sharing import Share
from tests.sharing.cards import PAGE, made
from tests.world import World, error_codes, gather, open_world

pytestmark = pytest.mark.anyio
MAKE = "/wxa/getwxacodeunlimit"
IMAGE = "query ($code: String!) { share(code: $code) { codeImageUrl } }"


async def image(world: World, code: str, token: str | None) -> str | None:
    answer = await world.ask(IMAGE, token, {"code": code})
    assert "errors" not in answer, answer
    address: str | None = answer["data"]["share"]["codeImageUrl"]
    return address


async def key(world: World) -> str | None:
    return (await world.read(Share.get)).code_image_key


async def test_the_image_is_made_once_kept_and_served(world: World) -> None:
    token = (await world.sign_in())["token"]
    code = (await made(world, token, page=f"{PAGE}?id=1"))["code"]
    assert await world.calls(MAKE) == 0

    addresses = [await image(world, code, token) for _ in range(3)]

    assert await world.calls(MAKE) == 1
    address = addresses[0]
    assert address is not None
    assert addresses == [address] * 3
    assert address == f"http://appletql.test/media/{await key(world)}"
    answer = await world.api.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content.startswith(b"\xff\xd8\xff")


async def test_nobody_but_the_sharer_sees_or_makes_it(world: World) -> None:
    owner, other = (await world.sign_in())["token"], (await world.sign_in())["token"]
    code = (await made(world, owner))["code"]

    seen = [await image(world, code, token) for token in (None, "no-such-token", other)]
    opened = await world.ask(
        "mutation ($input: OpenShareInput!) { openShare(input: $input) "
        "{ ... on OpenShareSuccess { share { codeImageUrl } } } }",
        other,
        {"input": {"code": code}},
    )

    assert seen == [None] * 3
    assert opened["data"] == {"openShare": {"share": {"codeImageUrl": None}}}
    assert await world.calls(MAKE) == 0
    assert await image(world, code, owner) is not None
    assert await image(world, code, other) is None


async def test_twenty_questions_at_once_make_one_image(world: World) -> None:
    token = (await world.sign_in())["token"]
    code = (await made(world, token))["code"]

    addresses = await gather([image(world, code, token) for _ in range(20)])

    assert len(set(addresses)) == 1
    assert None not in addresses
    assert await world.calls(MAKE) == 1


async def test_what_wechat_does_not_make_is_null_and_asked_again_a_minute_later(world: World) -> None:
    token = (await world.sign_in())["token"]
    code = (await made(world, token))["code"]

    for calls, fault in enumerate(("errcode:41030", "http:500", "garbage", "reset"), start=1):
        await world.fault(fault, MAKE)
        assert [await image(world, code, token) for _ in range(3)] == [None] * 3
        assert await key(world) is None
        assert await world.calls(MAKE) == calls
        await world.advance(61)

    assert await image(world, code, token) is not None


async def test_an_image_that_cannot_be_stored_is_not_remembered(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "codes").write_text("a file where the folder should be")
    async with open_world(database_url, media_url=f"file://{tmp_path}") as world:
        token = (await world.sign_in())["token"]
        code = (await made(world, token))["code"]

        answer = await world.ask(IMAGE, token, {"code": code})

        assert answer["data"] == {"share": {"codeImageUrl": None}}
        assert error_codes(answer) == ["UNAVAILABLE"]
        assert await key(world) is None
        (tmp_path / "codes").unlink()
        assert await image(world, code, token) is not None


async def test_of_two_processes_the_first_is_right_and_the_other_leaves_no_file(
    database_url: str, tmp_path: Path
) -> None:
    async with open_world(database_url, media_url=f"file://{tmp_path}") as world:
        token = (await world.sign_in())["token"]
        code = (await made(world, token))["code"]
        await world.fault("delay:0.5", MAKE)
        other = f"codes/{'0' * 64}.jpg"

        async def be_faster() -> None:
            await Share.all().update(code_image_key=other)

        asking = asyncio.create_task(image(world, code, token))
        await asyncio.sleep(0.25)
        await world.units.run(be_faster)

        assert await asking == f"http://appletql.test/media/{other}"
        assert await key(world) == other
        assert await world.calls(MAKE) == 1
        assert files(tmp_path) == []


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
