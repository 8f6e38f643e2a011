"""The merchant of the shared sandbox."""

import pytest

from tests.sandbox.pay.merchant_client import MerchantClient
from tests.sandbox.wire import Wire


@pytest.fixture
def merchant(wire: Wire) -> MerchantClient:
    return MerchantClient(wire, wire.server.wechat.pay.merchant)


@pytest.fixture
async def openid(wire: Wire) -> str:
    """A person of the first app."""
    return str((await wire.control("users"))["openid"])
