"""Operators who give back one payment at once: each holds a row of their own, the payment's row alone keeps the sum."""

import random

import pytest

from tests.shop import open_shop
from tests.world import gather

pytestmark = pytest.mark.anyio


async def test_rule_20_many_operators_at_once_never_give_back_more_than_was_paid(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        buyer, tea = await shop.buyer(), await shop.product(2500)
        orders = [await shop.paid(buyer, tea) for _ in range(4)]
        operators = [await shop.operator() for _ in range(10)]
        seeded = random.Random(20)
        for order in orders:
            # when
            amounts = [seeded.randint(400, 1600) for _ in operators]
            answers = await gather(
                [
                    shop.refund(operator, order["id"], amount)
                    for operator, amount in zip(operators, amounts, strict=True)
                ]
            )
            # then
            taken = [answer["refund"]["amount"]["amount"] for answer in answers if "refund" in answer]
            refused = {answer["code"] for answer in answers if "refund" not in answer}
            [payment] = await shop.payments(order["id"])
            assert sum(taken) == payment.reserved <= 2500
            assert (len(taken), refused) == (payment.parts, {"REFUND_NOT_ALLOWED"})
        await shop.assert_sound()
