"""One shop for the tests of this folder, on each kind of database; faults and switches end with each test."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import Databases
from tests.orders.asking import assert_all_sound, forget_failures
from tests.shop import Shop, open_shop


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def shared_databases(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="package")
async def shared_shop(shared_databases: Databases) -> AsyncIterator[Shop]:
    """Opened once: what other tests leave behind are other people's orders."""
    async with open_shop(shared_databases.fresh()) as shop:
        yield shop
        await assert_all_sound(shop)


@pytest.fixture
async def shop(shared_shop: Shop) -> AsyncIterator[Shop]:
    forget_failures(shared_shop)
    yield shared_shop
    await shared_shop.notifications("normal")
    await shared_shop.switch()
