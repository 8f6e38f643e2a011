"""Stock: counted, set, no longer counted, and right whatever happens at once."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from tortoise.expressions import F

from models.catalogue import Product
from tests.catalogue.shop import made, operator, show, update
from tests.catalogue.statements import counted
from tests.world import World

pytestmark = pytest.mark.anyio
MOST = 1_000_000_000


async def stock_of(world: World, product_id: str, token: str) -> int | None:
    product = await show(world, product_id, token)
    assert product is not None
    found: int | None = product["available"]
    return found


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (5, {"by": 3}, 8),
        (5, {"by": -5}, 0),
        (5, {"by": 0}, 5),
        (0, {"by": MOST}, MOST),
        (MOST, {"by": -MOST}, 0),
        (5, {"setTo": 0}, 0),
        (None, {"setTo": MOST}, MOST),
        (5, {"uncounted": True}, None),
        (None, {"uncounted": True}, None),
    ],
)
async def test_a_change_that_fits_is_made(world: World, before: int | None, change: Any, after: int | None) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, stock=before)

    result = await update(world, token, product["id"], stock=change)

    assert result["product"] == product | {"available": after}


@pytest.mark.parametrize(
    ("before", "change", "field"),
    [
        (5, {"by": -6}, "stock.by"),
        (0, {"by": -1}, "stock.by"),
        (1, {"by": MOST}, "stock.by"),
        (5, {"by": -MOST - 1}, "stock.by"),
        (5, {"by": 2_147_483_647}, "stock.by"),
        (5, {"by": -2_147_483_648}, "stock.by"),
        (None, {"by": 1}, "stock.by"),
        (None, {"by": 0}, "stock.by"),
        (5, {"setTo": -1}, "stock.setTo"),
        (5, {"setTo": MOST + 1}, "stock.setTo"),
        (5, {"uncounted": False}, "stock.uncounted"),
    ],
)
async def test_a_change_that_does_not_fit_changes_nothing_else_either(
    world: World, before: int | None, change: Any, field: str
) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, stock=before)

    result = await update(world, token, product["id"], stock=change, title="another", price=1)

    assert (result["__typename"], result["field"]) == ("InvalidInput", field)
    assert await show(world, product["id"]) == product


async def test_everything_is_changed_by_one_statement(world: World) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, stock=5)

    with counted() as statements:
        await update(world, token, product["id"], title="another", description=None, stock={"by": 1})

    assert len([statement for statement in statements if statement.startswith('UPDATE "products"')]) == 1


async def test_fifty_who_take_at_once_take_no_more_than_there_is(world: World) -> None:
    tokens = [(await operator(world))["token"] for _ in range(3)]
    product = await made(world, tokens[0], stock=20)

    results = await asyncio.gather(
        *(update(world, tokens[number % 3], product["id"], stock={"by": -1}) for number in range(50))
    )

    assert Counter(result["__typename"] for result in results) == {"UpdateProductSuccess": 20, "InvalidInput": 30}
    assert sorted(result["product"]["available"] for result in results if "product" in result) == list(range(20))
    assert await stock_of(world, product["id"], tokens[0]) == 0


async def test_what_is_sold_while_stock_arrives_is_not_lost(world: World) -> None:
    token = (await operator(world))["token"]
    product = await made(world, token, stock=100)

    async def sell() -> None:
        await Product.filter(id=product["id"], stock__gte=1).update(stock=F("stock") - 1)

    await asyncio.gather(
        *(update(world, token, product["id"], stock={"by": 10}, price=number + 1) for number in range(10)),
        *(world.units.run(sell) for _ in range(40)),
    )

    assert await stock_of(world, product["id"], token) == 160
