"""The demo products: there when the catalogue is empty, and never again."""

import asyncio
from typing import Any

import pytest

from domain.clock import wire_clock
from services.catalogue.demo import demo_lines, fill_if_empty
from services.catalogue.imports import Imported, Imports, check, no_progress
from tests.catalogue.shop import page, stock_up, stored
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_an_empty_catalogue_is_filled_once(world: World) -> None:
    imports = Imports(world.units, wire_clock)

    results: list[Any] = await asyncio.gather(*(fill_if_empty(imports) for _ in range(3)))
    again = await fill_if_empty(imports)

    assert sorted(results, key=str) == [Imported(made=6, changed=0, same=0), None, None]
    assert again is None
    shown = await page(world)
    assert [node["title"] for node in shown["nodes"]] == [line.fields["title"] for line in demo_lines()]
    assert [(row.import_key, row.stock is None) for row in (await stored(world))[::-1]] == [
        ("demo-1", True),
        *[(f"demo-{number}", False) for number in range(2, 7)],
    ]


async def test_a_catalogue_that_is_not_empty_is_left_alone(world: World) -> None:
    ids = await stock_up(world, 1, for_sale=False)

    assert await fill_if_empty(Imports(world.units, wire_clock)) is None
    assert [row.id for row in await stored(world)] == ids


async def test_two_imports_of_one_list_at_once_make_each_product_once(world: World) -> None:
    imports = Imports(world.units, wire_clock)

    await asyncio.gather(*(imports.write(demo_lines(), no_progress) for _ in range(5)))

    assert [row.import_key for row in await stored(world)] == [f"demo-{number}" for number in range(6, 0, -1)]


def test_an_empty_list_is_nothing_wrong() -> None:
    assert check([], lambda address: address, no_progress) == ([], [])
