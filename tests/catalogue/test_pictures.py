"""`POST /uploads/product`: uncut, small, without metadata, and nobody's avatar."""

import io

import httpx
import pytest
from PIL import Image

from models.media import Media
from services.media.images import prepare_product_picture
from tests.accounts.operations import DELETE_ACCOUNT, UPDATE_PROFILE, do
from tests.accounts.pictures import picture
from tests.accounts.pictures import upload as upload_avatar
from tests.catalogue.shop import create, made, operator, set_operator, show
from tests.media.hostile import MEBIBYTE, refused
from tests.media.pictures import CANARY, FORMATS, corners, opened, with_metadata
from tests.world import World

pytestmark = pytest.mark.anyio


async def send(world: World, token: str, content: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await world.api.post("/uploads/product", files={"file": ("a.jpg", content)}, headers=headers)


async def upload(world: World, token: str, content: bytes | None = None) -> str:
    """The address of an uploaded picture."""
    answer = await send(world, token, content or picture())
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["url"]
    return str(answer.json()["url"])


async def test_a_picture_becomes_a_products(world: World) -> None:
    token = (await operator(world))["token"]

    url = await upload(world, token, picture(size=(3000, 1500)))
    product = await made(world, token, imageUrl=url)
    shown = await world.api.get(url)

    assert (await show(world, product["id"])) == product
    assert product["imageUrl"] == url
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(shown.content)).size == (1024, 512)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((64, 48), (64, 48)),
        ((1024, 1024), (1024, 1024)),
        ((1025, 10), (1024, 10)),
        ((10, 3000), (3, 1024)),
        ((5000, 1), (1024, 1)),
        ((1, 1), (1, 1)),
        ((3000, 2999), (1024, 1024)),
        ((2500, 1700), (1024, 696)),
    ],
)
def test_the_whole_picture_fits_in_its_proportions(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    made_of = prepare_product_picture(picture(size=size))

    assert Image.open(io.BytesIO(made_of.content)).size == wanted


@pytest.mark.parametrize("kind", FORMATS)
def test_it_is_upright_and_without_metadata(kind: str) -> None:
    made_of = prepare_product_picture(with_metadata(kind))

    assert CANARY.encode() not in made_of.content
    assert corners(opened(made_of.content)) == ["red", "green", "blue", "white"]
    assert Image.open(io.BytesIO(made_of.content)).getexif() == {}


def test_nothing_is_cut_off() -> None:
    wide = Image.new("RGB", (4000, 1000), "white")
    wide.paste("red", (0, 0, 200, 1000))
    wide.paste("blue", (3800, 0, 4000, 1000))
    content = io.BytesIO()
    wide.save(content, "PNG")

    made_of = Image.open(io.BytesIO(prepare_product_picture(content.getvalue()).content)).convert("RGB")

    assert made_of.size == (1024, 256)
    left, right = made_of.getpixel((10, 128)), made_of.getpixel((1013, 128))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert (left[0] > 200, left[2] < 60) == (True, True)
    assert (right[0] < 60, right[2] > 200) == (True, True)


@pytest.mark.parametrize("name", refused())
async def test_hostile_pictures_are_refused(world: World, name: str) -> None:
    answer = await send(world, (await operator(world))["token"], refused()[name][0])

    assert answer.status_code == (413 if name == "one byte too many" else 400)
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert CANARY not in answer.text


async def test_a_user_who_is_no_operator_is_refused_before_a_byte_is_read(world: World) -> None:
    token = (await world.sign_in())["token"]

    answer = await send(world, token, bytes(50 * MEBIBYTE))

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert answer.headers["cache-control"] == "no-store"


async def test_the_same_file_has_one_address_whoever_sends_it(world: World) -> None:
    tokens = [(await operator(world))["token"] for _ in range(2)]

    urls = {await upload(world, token) for token in tokens}

    assert len(urls) == 1
    assert "/media/products/" in urls.pop()


async def test_no_avatar_of_the_operator_takes_products_pictures_away(world: World) -> None:
    token = (await operator(world))["token"]
    urls = [await upload(world, token, picture((number, 0, 0))) for number in range(8)]

    avatars = [await upload_avatar(world, token, picture((0, number, 0))) for number in range(6)]
    await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": avatars[-1]}})
    await do(world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": None}})

    assert {(await world.api.get(url)).status_code for url in urls} == {200}
    assert not await world.read(lambda: Media.filter(key__startswith="products/").exists())


async def test_a_products_picture_is_nobodys_avatar_and_an_avatar_no_products_picture(world: World) -> None:
    token = (await operator(world))["token"]

    as_avatar = await do(
        world, UPDATE_PROFILE, token, input={"fields": {"avatarUrl": await upload(world, token, picture((1, 1, 1)))}}
    )
    as_picture = await create(world, token, imageUrl=await upload_avatar(world, token))

    assert (as_avatar["__typename"], as_avatar["field"]) == ("InvalidInput", "fields.avatarUrl")
    assert (as_picture["__typename"], as_picture["field"]) == ("InvalidInput", "imageUrl")


async def test_pictures_and_products_outlive_the_operator_who_made_them(world: World) -> None:
    openid = await world.person()
    signed_in = await world.sign_in(openid)
    token = signed_in["token"]
    await set_operator(world, signed_in["user"]["id"])
    url = await upload(world, token)
    product = await made(world, token, imageUrl=url)

    deleted = await do(world, DELETE_ACCOUNT, token, code=await world.code(openid))

    assert deleted["__typename"] == "DeleteAccountSuccess"
    assert (await world.api.get(url)).status_code == 200
    assert await show(world, product["id"]) == product
