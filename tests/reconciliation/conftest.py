"""A shop of its own for each test: days go by in it."""

from collections.abc import AsyncIterator

import pytest

from tests.reconciliation.days import to_noon
from tests.shop import Shop, open_shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """At noon in China, on each kind of database."""
    async with open_shop(database_url) as shop:
        await to_noon(shop)
        yield shop
