"""`createProduct` sent again: the same product, however often and however concurrently."""

import asyncio
from collections import Counter

import pytest

from tests.catalogue.shop import create, made, operator, show, stored, update
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_twenty_at_once_are_one_product(world: World) -> None:
    token = (await operator(world))["token"]

    results = await asyncio.gather(*(create(world, token, idempotencyKey="once", stock=3) for _ in range(20)))

    assert {result["__typename"] for result in results} == {"CreateProductSuccess"}
    assert len({result["product"]["id"] for result in results}) == 1
    assert len(await stored(world)) == 1


async def test_of_twenty_different_ones_at_once_one_is_made(world: World) -> None:
    token = (await operator(world))["token"]

    results = await asyncio.gather(
        *(create(world, token, idempotencyKey="once", price=number + 1) for number in range(20))
    )

    assert Counter(result["__typename"] for result in results) == {"CreateProductSuccess": 1, "Refusal": 19}
    assert {result["code"] for result in results if "code" in result} == {"IDEMPOTENCY_CONFLICT"}
    [row] = await stored(world)
    [kept] = [result["product"] for result in results if "product" in result]
    assert (row.id, row.price) == (kept["id"], kept["price"]["amount"])


async def test_a_key_is_one_operators_alone(world: World) -> None:
    tokens = [(await operator(world))["token"] for _ in range(2)]

    ids = [(await made(world, token, idempotencyKey="mine", price=5))["id"] for token in tokens]

    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"title": "another"},
        {"description": "another"},
        {"imageUrl": "https://img.example/b.jpg"},
        {"price": 1251},
        {"stock": 0},
        {"forSale": False},
    ],
)
async def test_the_key_with_another_input_is_refused(world: World, given: dict[str, object]) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, idempotencyKey="once")

    result = await create(world, token, idempotencyKey="once", **given)

    assert (result["__typename"], result["code"]) == ("Refusal", "IDEMPOTENCY_CONFLICT")
    assert len(await stored(world)) == 1
    assert await show(world, product["id"]) == product


async def test_the_same_in_other_words_is_the_same_also_after_a_change(world: World) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, idempotencyKey="once", title="茶")
    changed = await update(world, token, product["id"], price=99)

    again = await made(world, token, idempotencyKey=" once ", title=" 茶 ", description=None, stock=None, forSale=True)

    assert again == changed["product"]
    assert len(await stored(world)) == 1


async def test_a_refused_input_uses_up_no_key(world: World) -> None:
    token = (await operator(world))["token"]

    refused = await create(world, token, idempotencyKey="once", price=0)
    product = await made(world, token, idempotencyKey="once", price=1)

    assert refused["__typename"] == "InvalidInput"
    assert [row.id for row in await stored(world)] == [product["id"]]
