"""A join of two operators who are one person, and the deletion of an operator."""

from typing import Any

import pytest

from models.accounts import User
from models.catalogue import Product
from tests.accounts.operations import DELETE_ACCOUNT, do
from tests.accounts.test_joining import join, two_users
from tests.catalogue.shop import CREATE, create, made, set_operator, stored
from tests.world import World, error_codes

pytestmark = pytest.mark.anyio


async def user_of(world: World, token: str) -> str:
    return str((await world.ask("{ me { id } }", token))["data"]["me"]["id"])


async def roles(world: World) -> list[tuple[bool, bool]]:
    """Of each user, the oldest first: whether an operator, and whether joined to another."""
    users = await world.read(lambda: User.all().order_by("id"))
    return [(user.is_operator, user.merged_into_id is not None) for user in users]


@pytest.mark.parametrize("operators", [["older"], ["younger"], ["older", "younger"]])
async def test_who_was_an_operator_as_one_of_the_two_is_one(world: World, operators: list[str]) -> None:
    users = await two_users(world)
    for name in operators:
        await set_operator(world, await user_of(world, users[name][2]))

    await join(world, users)

    assert await roles(world) == [(True, False), (False, True)]
    for _, _, token in users.values():
        assert (await create(world, token))["__typename"] == "CreateProductSuccess"


async def test_who_was_none_is_none(world: World) -> None:
    users = await two_users(world)

    await join(world, users)

    assert await roles(world) == [(False, False), (False, True)]


async def test_products_follow_and_a_key_that_both_used_is_the_olders(world: World) -> None:
    users = await two_users(world)
    products: dict[str, dict[str, Any]] = {}
    for name, (_, _, token) in users.items():
        await set_operator(world, await user_of(world, token))
        for key in ("both", name):
            products[f"{name} {key}"] = await made(world, token, idempotencyKey=key, title=name)

    user_id = await join(world, users)

    rows = await stored(world)
    assert {row.operator_id for row in rows} == {user_id}
    younger = products["younger both"]["id"]
    assert {row.id: row.idempotency_key for row in rows} == {
        products["older both"]["id"]: "both",
        products["older older"]["id"]: "older",
        younger: f"joined:{younger}",
        products["younger younger"]["id"]: "younger",
    }
    for _, _, token in users.values():
        assert await made(world, token, idempotencyKey="both", title="older") == products["older both"]
        assert (await create(world, token, idempotencyKey="both", title="younger"))["code"] == "IDEMPOTENCY_CONFLICT"
        assert await made(world, token, idempotencyKey="younger", title="younger") == products["younger younger"]
    assert len(await stored(world)) == 4


async def test_a_deleted_operator_is_none_any_more_and_the_products_stay(world: World) -> None:
    openid = await world.person()
    signed_in = await world.sign_in(openid)
    await set_operator(world, signed_in["user"]["id"])
    product = await made(world, signed_in["token"])

    await do(world, DELETE_ACCOUNT, signed_in["token"], code=await world.code(openid))
    again = await world.sign_in(openid)
    refused = await world.ask(CREATE, again["token"], {"input": {"idempotencyKey": "k", "title": "t", "price": 1}})

    assert await roles(world) == [(False, False), (False, False)]
    assert error_codes(refused) == ["FORBIDDEN"]
    assert [(row.id, row.operator_id) for row in await world.read(Product.all)] == [
        (product["id"], signed_in["user"]["id"])
    ]
