"""What a monitor sees of money and of WeChat."""

import pytest

from tests.shop import PREPAY_PATH, open_shop

pytestmark = pytest.mark.anyio


async def test_an_open_circuit_and_open_incidents_are_shown(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        buyer, tea = await shop.buyer(), await shop.product()
        order = await shop.paid(buyer, tea)
        await shop.order("payments", {"outTradeNo": order["number"], "amount": 1})
        await shop.delivered()
        assert 'appletql_wechat_circuit_open{upstream="pay"} 0.0' in (await shop.api.get("/metrics")).text
        # when
        await shop.fault("http:500", PREPAY_PATH, times=5)
        for _ in range(5):
            assert (await shop.create(buyer, tea))["code"] == "WECHAT_UNAVAILABLE"
        # then
        shown = (await shop.api.get("/metrics")).text
        assert 'appletql_wechat_circuit_open{upstream="pay"} 1.0' in shown
        assert 'appletql_wechat_circuit_open{upstream="api"} 0.0' in shown
        assert 'appletql_incidents_open{kind="payment_differs"} 1.0' in shown
