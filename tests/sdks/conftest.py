"""A sandbox in real time on a real socket, for SDKs that none of us wrote."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.server import create_server, running
from tests.sandbox.pay.notices_receiver import Receiver, receiving
from tests.sandbox.wire import Wire


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with (
        running(create_server(port=0, embedded=True)) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=15) as http,
    ):
        yield Wire(server, http)


@pytest.fixture
async def receiver(wire: Wire) -> AsyncIterator[Receiver]:
    """The merchant's server."""
    async with receiving(wire.server.wechat.pay.merchant) as receiver:
        yield receiver
