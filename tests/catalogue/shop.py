"""What operators and customers do with the catalogue, as the tests of this folder and of orders call it."""

from datetime import timedelta
from itertools import count
from typing import Any

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.catalogue import Product
from tests.world import World

PRODUCT = "id title description imageUrl price { amount currency display } available forSale"
PROBLEM = "... on Problem { code message recovery } ... on InvalidInput { field issues { field message } }"
CREATE = (
    "mutation ($input: CreateProductInput!) { createProduct(input: $input) { __typename "
    f"... on CreateProductSuccess {{ product {{ {PRODUCT} }} }} {PROBLEM} }} }}"
)
UPDATE = (
    "mutation ($input: UpdateProductInput!) { updateProduct(input: $input) { __typename "
    f"... on UpdateProductSuccess {{ product {{ {PRODUCT} }} }} {PROBLEM} }} }}"
)
PRODUCTS = (
    "query ($first: Int, $after: String) { products(first: $first, after: $after) { "
    "edges { cursor node { id } } nodes { id title } "
    "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
)
PRODUCT_BY_ID = f"query ($id: ID!) {{ product(id: $id) {{ {PRODUCT} }} }}"

_keys = count(1)


async def operator(world: World) -> dict[str, Any]:
    """A signed-in operator, as `login` answers."""
    signed_in = await world.sign_in()
    await set_operator(world, signed_in["user"]["id"])
    return signed_in


async def set_operator(world: World, user_id: str, *, is_operator: bool = True) -> None:
    async def write() -> None:
        await User.filter(id=user_id).update(is_operator=is_operator)

    await world.units.run(write)


async def create(world: World, token: str, **given: Any) -> dict[str, Any]:
    """The result of `createProduct`, whatever member of its union it is."""
    known = {"idempotencyKey": f"key-{next(_keys)}", "title": "乌龙茶", "price": 1250}
    answer = await world.ask(CREATE, token, {"input": known | given})
    assert "errors" not in answer, answer
    result: dict[str, Any] = answer["data"]["createProduct"]
    return result


async def made(world: World, token: str, **given: Any) -> dict[str, Any]:
    """A product that was made or found again."""
    result = await create(world, token, **given)
    assert result["__typename"] == "CreateProductSuccess", result
    product: dict[str, Any] = result["product"]
    return product


async def update(world: World, token: str, product_id: str, **given: Any) -> dict[str, Any]:
    """The result of `updateProduct`, whatever member of its union it is."""
    answer = await world.ask(UPDATE, token, {"input": {"id": product_id} | given})
    assert "errors" not in answer, answer
    result: dict[str, Any] = answer["data"]["updateProduct"]
    return result


async def page(world: World, first: int | None = None, after: str | None = None, token: str | None = None) -> Any:
    answer = await world.ask(PRODUCTS, token, {"first": first, "after": after})
    assert "errors" not in answer, answer
    return answer["data"]["products"]


async def show(world: World, product_id: str, token: str | None = None) -> dict[str, Any] | None:
    """What `product` shows."""
    answer = await world.ask(PRODUCT_BY_ID, token, {"id": product_id})
    assert "errors" not in answer, answer
    result: dict[str, Any] | None = answer["data"]["product"]
    return result


async def stored(world: World) -> list[Product]:
    """Every product, oldest first."""
    return await world.read(lambda: Product.all().order_by("id"))


async def stock_up(world: World, number: int, **given: Any) -> list[str]:
    """The ids of that many products, oldest first, written straight into the database."""
    start = wire_clock() - timedelta(hours=1)
    known = {"title": "tea", "price": 100, "created_at": start}
    rows = [
        Product(id=new_id(Prefix.PRODUCT, start + timedelta(milliseconds=index)), **(known | given))
        for index in range(number)
    ]

    async def write() -> None:
        await Product.bulk_create(rows)

    await world.units.run(write)
    return [row.id for row in rows]
