"""The way through: bought, paid, seen paid, refunded in two parts; and the ways aside."""

import pytest

from tests.shop import open_shop

pytestmark = pytest.mark.anyio


async def test_bought_paid_and_refunded_in_two_parts(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        buyer, operator = await shop.buyer(), await shop.operator()
        tea = await shop.product(1250, stock=3)
        # when
        made = await shop.ordered(buyer, tea, quantity=2, expectedTotal=2500, remark="少糖")
        # then
        order = made["order"]
        assert (order["status"], order["total"]["amount"], order["canPay"]) == ("PENDING", 2500, True)
        assert (await shop.stock(tea), await shop.unpaid(buyer)) == (1, 1)
        # when
        assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
        await shop.delivered()
        # then
        order = await shop.show(buyer, order["id"])
        assert (order["status"], order["canPay"], order["canCancel"]) == ("PAID", False, False)
        assert order["payment"]["tradeState"] == "SUCCESS"
        assert await shop.ledger(order["id"]) == [2500]
        assert await shop.unpaid(buyer) == 0
        # when
        half = await shop.refund(operator, order["id"], 1000, reason="坏了")
        assert (half["__typename"], half["refund"]["status"]) == ("RefundOrderSuccess", "PROCESSING")
        await shop.advance(120)
        await shop.delivered()
        # then
        order = await shop.show(buyer, order["id"])
        assert (order["status"], order["refunded"]["amount"]) == ("PARTIALLY_REFUNDED", 1000)
        # when
        rest = await shop.refund(operator, order["id"])
        assert rest["refund"]["amount"]["amount"] == 1500
        await shop.advance(120)
        await shop.delivered()
        # then
        order = await shop.show(buyer, order["id"])
        assert (order["status"], order["refunded"]["amount"]) == ("REFUNDED", 2500)
        assert await shop.ledger(order["id"]) == [2500, -1000, -1500]
        assert await shop.stock(tea) == 1
        assert await shop.incidents() == []
        await shop.assert_sound()
