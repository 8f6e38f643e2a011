"""One shop for the tests of a module, on each kind of database; what it leaves behind is sound."""

from collections.abc import AsyncIterator

import pytest

from tests.audits import assert_sound
from tests.databases import Databases
from tests.orders.asking import forget_failures
from tests.shop import Shop, open_shop


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_databases(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
async def shared_shop(shared_databases: Databases) -> AsyncIterator[Shop]:
    """Opened once: what the tests of a module leave behind are other people's orders."""
    async with open_shop(shared_databases.fresh()) as shop:
        yield shop
        await assert_sound(shop.database_url)


@pytest.fixture
async def shop(shared_shop: Shop) -> AsyncIterator[Shop]:
    yield shared_shop
    await shared_shop.notifications("normal")
    await shared_shop.switch()
    forget_failures(shared_shop)
