"""A shop of its own for each test: days go by in it."""

from collections.abc import AsyncIterator

import pytest

from tests.reconciliation.days import to_noon
from tests.shop import Shop, open_shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """At noon in China, on each kind of database; a sandbox beside other tests may take long over a large bill."""
    async with open_shop(database_url, wechat_timeout=10, operation_timeout=45) as shop:
        await to_noon(shop)
        yield shop
