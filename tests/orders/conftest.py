"""One shop for the tests of this folder, on each kind of database; faults and switches end with each test."""

from collections.abc import AsyncIterator

import pytest

from models.database import is_sqlite
from tests.audits import assert_sound
from tests.databases import Databases
from tests.keys.scanning import all_models
from tests.orders.asking import forget_failures
from tests.shop import Shop, open_shop


def speak_to(shop: Shop) -> None:
    """Tortoise's models remember, for the whole process, the kind of database that was opened last."""
    alias = "sqlite" if is_sqlite(shop.database_url) else "postgres"
    for model in all_models():
        model._meta.default_connection = alias


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def shared_databases(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="package")
async def shared_shop(shared_databases: Databases) -> AsyncIterator[Shop]:
    """Opened once: what other tests leave behind are other people's orders."""
    async with open_shop(shared_databases.fresh()) as shop:
        yield shop
        await assert_sound(shop.database_url)


@pytest.fixture
async def shop(shared_shop: Shop) -> AsyncIterator[Shop]:
    speak_to(shared_shop)
    forget_failures(shared_shop)
    yield shared_shop
    await shared_shop.notifications("normal")
    await shared_shop.switch()
