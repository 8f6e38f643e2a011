"""An import beside a server that sells and changes: neither disturbs the other."""

import asyncio
from pathlib import Path

import pytest

from models.catalogue import Product
from tests.catalogue.imports import COLUMNS, import_file, write
from tests.catalogue.shop import create, operator, page
from tests.world import open_world

pytestmark = pytest.mark.anyio


async def test_the_server_goes_on_while_a_list_is_imported(database_url: str, tmp_path: Path) -> None:
    path = write(tmp_path, COLUMNS, *(f"k{number},茶 {number},{number + 1},{number},,," for number in range(2_000)))
    async with open_world(database_url) as world:
        token = (await operator(world))["token"]
        importing = asyncio.create_task(asyncio.to_thread(import_file, database_url, path))
        kinds: set[str] = set()
        calls = 0
        while not importing.done():
            kinds.add((await create(world, token))["__typename"])
            assert (await page(world, 1))["nodes"]
            calls += 1
        done = await importing
        count = await world.read(lambda: Product.all().count())

    assert (done.returncode, done.stdout) == (0, "2000 made, 0 changed, 0 as they were\n")
    assert kinds == {"CreateProductSuccess"}
    assert count == 2_000 + calls
