"""Making and changing products: what is taken, what is refused at once, and that a refusal changes nothing."""

from typing import Any

import pytest

from models.catalogue import Product
from tests.catalogue.shop import CREATE, UPDATE, create, made, operator, show, stored, update
from tests.world import World, error_codes

pytestmark = pytest.mark.anyio
UNKNOWN = "prd_01k9z8y7x6w5v4t3s2r1q0p9n8"


async def test_a_product_is_made_and_shown_to_everybody(world: World) -> None:
    token = (await operator(world))["token"]

    product = await made(
        world,
        token,
        title="  铁观音 ",
        description="第一行\r\n第二行\r第三行",
        imageUrl="https://img.example/a.jpg",
        price=1,
        stock=0,
    )

    assert product | {"id": None} == {
        "id": None,
        "title": "铁观音",
        "description": "第一行\n第二行\n第三行",
        "imageUrl": "https://img.example/a.jpg",
        "price": {"amount": 1, "currency": "CNY", "display": "0.01"},
        "available": 0,
        "forSale": True,
    }
    assert await show(world, product["id"]) == product


async def test_what_is_left_out_is_empty_and_not_counted(world: World) -> None:
    product = await made(world, (await operator(world))["token"], forSale=False, price=2_147_483_647)

    assert [product[name] for name in ("description", "imageUrl", "available", "forSale")] == [None, None, None, False]
    assert product["price"]["display"] == "21474836.47"
    assert await show(world, product["id"]) is None


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "title"),
    "a long title": ({"title": "茶" * 129}, "title"),
    "a title of two lines": ({"title": "a\nb"}, "title"),
    "NUL in a title": ({"title": "a\0b"}, "title"),
    "no description": ({"description": ""}, "description"),
    "a long description": ({"description": "茶" * 4001}, "description"),
    "a bell in a description": ({"description": "a\ab"}, "description"),
    "http": ({"imageUrl": "http://img.example/a.jpg"}, "imageUrl"),
    "javascript": ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
    "data": ({"imageUrl": "data:image/png;base64,AAAA"}, "imageUrl"),
    "a long address": ({"imageUrl": f"https://img.example/{'a' * 1024}"}, "imageUrl"),
    "no address": ({"imageUrl": ""}, "imageUrl"),
    "an avatar": ({"imageUrl": f"http://appletql.test/media/avatars/{'0' * 64}.jpg"}, "imageUrl"),
    "no media of ours": ({"imageUrl": "http://appletql.test/media/products/../a.jpg"}, "imageUrl"),
    "free": ({"price": 0}, "price"),
    "less than free": ({"price": -1}, "price"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_field_that_is_wrong_is_refused_in_both_mutations(world: World, name: str) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token)
    given, field = BAD[name]

    refused = [await create(world, token, **given), await update(world, token, product["id"], **given)]

    for result in refused:
        assert (result["__typename"], result["code"], result["field"]) == ("InvalidInput", "INVALID_INPUT", field)
        assert [issue["field"] for issue in result["issues"]] == [field]
    assert [(row.id, row.title) for row in await stored(world)] == [(product["id"], product["title"])]
    assert await show(world, product["id"]) == product


@pytest.mark.parametrize("given", [{"title": "茶" * 128}, {"description": "茶" * 4000}, {"price": 2_147_483_647}])
async def test_the_largest_is_taken(world: World, given: dict[str, Any]) -> None:
    token = (await operator(world))["token"]

    product = await made(world, token, **given)

    assert (await update(world, token, product["id"], **given))["__typename"] == "UpdateProductSuccess"


async def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token)
    wrong: dict[str, Any] = {"title": "", "description": "\0", "imageUrl": "x", "price": 0}

    at_first = await create(world, token, idempotencyKey="k" * 65, stock=-1, **wrong)
    later = await update(world, token, product["id"], stock={"setTo": 1_000_000_001}, **wrong)

    fields = ["title", "description", "imageUrl", "price"]
    assert [issue["field"] for issue in at_first["issues"]] == ["idempotencyKey", *fields, "stock"]
    assert [issue["field"] for issue in later["issues"]] == [*fields, "stock.setTo"]
    assert len(await stored(world)) == 1


@pytest.mark.parametrize("key", ["", " ", "k" * 65, "a\nb", "joined:prd_01k9z8y7x6w5v4t3s2r1q0p9n8"])
async def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    result = await create(world, (await operator(world))["token"], idempotencyKey=key)

    assert (result["__typename"], result["field"]) == ("InvalidInput", "idempotencyKey")
    assert await stored(world) == []


async def test_what_is_absent_stays_and_null_clears_what_it_can(world: World) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, description="d", imageUrl="https://img.example/a.jpg", stock=5)

    same = await update(world, token, product["id"])
    renamed = await update(world, token, product["id"], title="红茶")
    cleared = await update(world, token, product["id"], description=None, imageUrl=None)
    withdrawn = await update(world, token, product["id"], forSale=False, price=7)

    assert same["product"] == product
    assert renamed["product"] == product | {"title": "红茶"}
    assert cleared["product"] == renamed["product"] | {"description": None, "imageUrl": None}
    price = {"amount": 7, "currency": "CNY", "display": "0.07"}
    assert withdrawn["product"] == cleared["product"] | {"forSale": False, "price": price}
    assert await show(world, product["id"]) is None
    assert await show(world, product["id"], token) == withdrawn["product"]


async def test_null_is_refused_where_there_must_be_something(world: World) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, stock=5)

    result = await update(world, token, product["id"], title=None, price=None, stock=None, forSale=None)

    assert [issue["field"] for issue in result["issues"]] == ["title", "price", "forSale", "stock"]
    assert await show(world, product["id"]) == product


@pytest.mark.parametrize("product_id", [UNKNOWN, "", "prd_", "usr_01k9z8y7x6w5v4t3s2r1q0p9n8", "prd_\0", "茶"])
@pytest.mark.parametrize("given", [{}, {"title": "t"}, {"stock": {"by": -1}}, {"stock": {"setTo": 1}}])
async def test_a_product_that_is_not_there_is_not_changed(world: World, product_id: str, given: dict[str, Any]) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token)

    result = await update(world, token, product_id, **given)

    assert (result["__typename"], result["code"]) == ("Refusal", "PRODUCT_NOT_FOUND")
    assert await show(world, product["id"]) == product


@pytest.mark.parametrize(
    "change", [{}, {"by": 1, "setTo": 2}, {"by": None}, {"by": 1, "setTo": None}, {"uncounted": None}, {"by": 2**31}]
)
async def test_a_change_of_stock_is_exactly_one(world: World, change: dict[str, Any]) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, stock=5)

    answer = await world.ask(UPDATE, token, {"input": {"id": product["id"], "stock": change}})

    assert set(error_codes(answer)) == {"BAD_REQUEST"}
    assert await show(world, product["id"]) == product


@pytest.mark.parametrize("given", [{"price": 1.5}, {"price": "100"}, {"price": 2**31}, {"price": None}, {"stock": 0.5}])
async def test_a_price_that_is_no_whole_number_of_fen_is_a_bad_request(world: World, given: dict[str, Any]) -> None:
    token = (await operator(world))["token"]
    known: dict[str, Any] = {"idempotencyKey": "k", "title": "t", "price": 1}

    answer = await world.ask(CREATE, token, {"input": known | given})

    assert set(error_codes(answer)) == {"BAD_REQUEST"}
    assert await world.read(lambda: Product.all().count()) == 0
