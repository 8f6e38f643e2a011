"""The avatar: uploaded, shown, replaced, and nobody else's."""

import io

import pytest
from PIL import Image

from models.accounts import User
from models.media import Media
from tests.accounts.operations import UPDATE_PROFILE, do, me
from tests.accounts.pictures import picture, upload
from tests.catalogue.shop import create, operator
from tests.world import World, open_world

pytestmark = pytest.mark.anyio


async def set_avatar(world: World, token: str, url: str | None) -> dict[str, object]:
    return await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": url}})


async def test_an_upload_becomes_the_avatar_and_is_served_as_a_square(world: World) -> None:
    token = (await world.sign_in())["token"]

    url = await upload(world, token, picture(size=(900, 600)))
    done = await set_avatar(world, token, url)
    shown = await world.api.get(url)

    assert done["user"]["avatarUrl"] == url  # type: ignore[index]  # JSON
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/jpeg"
    assert "immutable" in shown.headers["cache-control"]
    assert Image.open(io.BytesIO(shown.content)).size == (512, 512)


async def test_a_replaced_avatar_is_removed_and_a_kept_one_stays(world: World) -> None:
    token = (await world.sign_in())["token"]
    first = await upload(world, token, picture((1, 2, 3)))
    second = await upload(world, token, picture((200, 2, 3)))
    await set_avatar(world, token, first)

    await do(world, UPDATE_PROFILE, token, input={"fields": {"city": "Suzhou"}})
    kept = (await world.api.get(first)).status_code
    await set_avatar(world, token, second)
    statuses = [(await world.api.get(url)).status_code for url in (first, second)]
    await set_avatar(world, token, None)

    assert kept == 200
    assert statuses == [404, 200]
    assert (await world.api.get(second)).status_code == 404
    assert await world.read(lambda: Media.all().count()) == 0


async def test_uploads_that_become_nothing_are_few(world: World) -> None:
    token = (await world.sign_in())["token"]
    used = await upload(world, token, picture((9, 9, 9)))
    await set_avatar(world, token, used)

    urls = [await upload(world, token, picture((number, 2, 3))) for number in range(6)]

    shown = [(await world.api.get(url)).status_code for url in [used, *urls]]
    assert shown == [200, 404, 404, 404, 200, 200, 200]
    assert await world.read(lambda: Media.all().count()) == 4


async def test_two_users_with_one_picture_do_not_lose_it_to_each_other(world: World) -> None:
    tokens = [(await world.sign_in())["token"] for _ in range(2)]
    urls = [await upload(world, token) for token in tokens]
    for token, url in zip(tokens, urls, strict=True):
        await set_avatar(world, token, url)

    await set_avatar(world, tokens[0], None)

    assert (await world.api.get(urls[1])).status_code == 200
    assert (await me(world, tokens[1]))["avatarUrl"] == urls[1]


async def test_another_users_upload_is_refused(world: World) -> None:
    mine, theirs = [(await world.sign_in())["token"] for _ in range(2)]
    url = await upload(world, theirs)

    refused = await set_avatar(world, mine, url)
    odd = [await set_avatar(world, mine, url[: -len("x.jpg")] + end) for end in ("", "../x.jpg", "x.jpg?a=b")]

    assert {result["__typename"] for result in [refused, *odd]} == {"InvalidInput"}
    assert (await me(world, mine))["avatarUrl"] is None


async def test_another_spelling_of_this_server_makes_no_upload_mine(database_url: str) -> None:
    async with open_world(database_url, public_url="https://api.shop.example") as world:
        mine, theirs = [(await world.sign_in())["token"] for _ in range(2)]
        url = await upload(world, theirs)
        spellings = [
            url,
            url.replace("https", "HTTPS"),
            url.replace("https", "http"),
            url.replace("api.shop", "API.shop"),
            url.replace(".example/", ".example:443/"),
            url.replace(".example/", ".example:8443/"),
            url.replace(".example/", ".example./"),
            url.replace(".example/", "%2eexample/"),
            url.replace("/media/", "/x/../media/"),
            url.replace("/media/", "/%6dedia/"),
            url.replace("/media/", "//media/"),
            url.replace("/media/", "\\\\media\\\\"),
            f"{url}?a=b",
            "https://api.shop.example/anything.png",
            url.replace("api.shop.example", "where.it.was.example"),
            url.removeprefix("https://api.shop.example"),
        ]

        refused = [await set_avatar(world, mine, spelling) for spelling in spellings]
        as_picture = await create(world, (await operator(world))["token"], imageUrl=spellings[-3])

        assert [(result["__typename"], result["field"]) for result in refused] == [
            ("InvalidInput", "fields.avatarUrl")
        ] * len(spellings)
        assert (as_picture["__typename"], as_picture["field"]) == ("InvalidInput", "imageUrl")
        assert (await me(world, mine))["avatarUrl"] is None
        elsewhere = await set_avatar(world, mine, "https://shop.example/a.png")
        assert elsewhere["__typename"] == "UpdateProfileSuccess"


async def test_production_without_a_public_address_takes_no_pictures_and_shows_none(database_url: str) -> None:
    async with open_world(database_url, environment="production", public_url=None, host="0.0.0.0") as world:  # noqa: S104  (as in a container)
        signed_in = await operator(world)
        headers = {"Authorization": f"Bearer {signed_in['token']}"}

        for kind in ("avatar", "product"):
            refused = await world.api.post(f"/uploads/{kind}", files={"file": ("a.png", picture())}, headers=headers)
            anonymous = await world.api.post(f"/uploads/{kind}", files={"file": ("a.png", picture())})

            [error] = refused.json()["errors"]
            assert (refused.status_code, error["extensions"]["code"]) == (503, "UNAVAILABLE")
            assert "APPLETQL_PUBLIC_URL" in error["message"]
            assert anonymous.status_code == 401
        assert await world.read(lambda: Media.all().count()) == 0

        async def write() -> None:
            await User.all().update(avatar_url=f"/media/avatars/{'a' * 64}.jpg")

        await world.units.run(write)
        assert (await me(world, signed_in["token"]))["avatarUrl"] is None


@pytest.mark.parametrize("header", [None, "Bearer bad"])
async def test_an_upload_needs_a_live_token(world: World, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}

    refused = await world.api.post(
        "/uploads/avatar", files={"file": ("a.png", picture(), "image/png")}, headers=headers
    )

    assert refused.status_code == 401
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await world.read(lambda: Media.all().count()) == 0
