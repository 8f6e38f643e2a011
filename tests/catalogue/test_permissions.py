"""Who may: every operation of the catalogue as nobody, with a bad token, as a user, as an operator."""

from typing import Any

import pytest

from models.catalogue import Product
from tests.accounts.pictures import picture
from tests.catalogue.shop import operator, set_operator, stock_up, stored
from tests.world import World, error_codes

pytestmark = pytest.mark.anyio

CALLS = {
    "products": "{ products { nodes { id } } }",
    "product": "query ($shown: ID!, $hidden: ID!) { shown: product(id: $shown) { id } hidden: product(id: $hidden) { id } }",  # noqa: E501  (one operation)
    "node": "query ($shown: ID!, $hidden: ID!) { shown: node(id: $shown) { id } hidden: node(id: $hidden) { id } }",
    "createProduct": 'mutation { createProduct(input: {idempotencyKey: "k", title: "t", price: 1}) { __typename } }',
    "updateProduct": 'mutation ($shown: ID!) { updateProduct(input: {id: $shown, title: "u"}) { __typename } }',
}
WHO = ["nobody", "bad token", "user", "operator"]


async def tokens(world: World) -> dict[str, str | None]:
    return {
        "nobody": None,
        "bad token": "not-a-token-of-anybody",
        "user": (await world.sign_in())["token"],
        "operator": (await operator(world))["token"],
    }


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("field", ["products", "product", "node"])
async def test_what_is_for_sale_is_public_and_the_rest_is_the_operators(world: World, field: str, who: str) -> None:
    token = (await tokens(world))[who]
    [shown], [hidden] = await stock_up(world, 1), await stock_up(world, 1, for_sale=False)

    answer = await world.ask(CALLS[field], token, {"shown": shown, "hidden": hidden} if field != "products" else None)

    assert "errors" not in answer, answer
    if field == "products":
        seen = {node["id"] for node in answer["data"]["products"]["nodes"]}
    else:
        seen = {found["id"] for found in answer["data"].values() if found}
    assert seen == ({shown, hidden} if who == "operator" else {shown})


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("field", ["createProduct", "updateProduct"])
async def test_changes_are_the_operators(world: World, field: str, who: str) -> None:
    token = (await tokens(world))[who]
    [shown] = await stock_up(world, 1)

    answer = await world.ask(CALLS[field], token, {"shown": shown} if field == "updateProduct" else None)

    wanted = {"nobody": ["UNAUTHENTICATED"], "bad token": ["UNAUTHENTICATED"], "user": ["FORBIDDEN"], "operator": []}
    assert error_codes(answer) == wanted[who]
    titles = [product.title for product in await stored(world)]
    if who != "operator":
        assert answer["data"] == {field: None}
        assert titles == ["tea"]
    else:
        assert sorted(titles) == (["t", "tea"] if field == "createProduct" else ["u"])


@pytest.mark.parametrize("who", WHO)
async def test_pictures_are_uploaded_by_operators(world: World, who: str) -> None:
    token = (await tokens(world))[who]
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    answer = await world.api.post("/uploads/product", files={"file": ("a.png", picture())}, headers=headers)

    status, code = {
        "nobody": (401, "UNAUTHENTICATED"),
        "bad token": (401, "UNAUTHENTICATED"),
        "user": (403, "FORBIDDEN"),
        "operator": (200, None),
    }[who]
    assert answer.status_code == status
    if code is not None:
        [error] = answer.json()["errors"]
        assert error["extensions"]["code"] == code


@pytest.mark.parametrize("field", ["createProduct", "updateProduct"])
async def test_a_role_that_is_taken_counts_at_once(world: World, field: str) -> None:
    signed_in = await operator(world)
    [shown] = await stock_up(world, 1)
    await set_operator(world, signed_in["user"]["id"], is_operator=False)

    answer = await world.ask(CALLS[field], signed_in["token"], {"shown": shown} if field == "updateProduct" else None)

    assert error_codes(answer) == ["FORBIDDEN"]
    assert await world.read(lambda: Product.filter(title="tea").count()) == 1


@pytest.mark.parametrize("field", ["createProduct", "updateProduct"])
async def test_a_role_that_is_taken_while_a_request_is_under_way_counts(
    world: World, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = await operator(world)
    [shown] = await stock_up(world, 1)
    sessions = world.application.process.services.sessions
    find = sessions.find

    async def find_then_lose_the_role(token: str) -> Any:
        viewer = await find(token)
        await set_operator(world, signed_in["user"]["id"], is_operator=False)
        return viewer

    monkeypatch.setattr(sessions, "find", find_then_lose_the_role)
    answer = await world.ask(CALLS[field], signed_in["token"], {"shown": shown} if field == "updateProduct" else None)

    assert error_codes(answer) == ["FORBIDDEN"]
    assert [product.title for product in await stored(world)] == ["tea"]


@pytest.mark.parametrize("product_id", ["", "prd_", "prd_01k9z8y7x6w5v4t3s2r1q0p9n8", "prd_\0", "usr_x", "茶"])
async def test_what_is_no_product_is_none(world: World, product_id: str) -> None:
    answer = await world.ask(CALLS["product"], None, {"shown": product_id, "hidden": product_id})

    assert answer == {"data": {"shown": None, "hidden": None}}
