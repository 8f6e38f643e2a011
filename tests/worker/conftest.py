"""A shop of its own for each test, on each kind of database: a worker looks after every row that it finds."""

from collections.abc import AsyncIterator

import pytest

from tests.shop import Shop, open_shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """With a worker that sweeps once, before anything is there: the jobs have had their first run.

    WeChat has long to answer, so that on a busy machine no question is asked twice because of that.
    """
    async with open_shop(database_url, wechat_timeout=10, operation_timeout=45) as shop:
        _ = await shop.application.process.workshift.sweep()
        yield shop
