"""Rule 15: who has to wait, for WeChat or the database, keeps no other notification waiting for long."""

import asyncio
import json

import pytest

from tests.operations.test_orders_sync import busy
from tests.orders.notices import altered, pay_unseen, post, post_all, seal, told
from tests.orders.test_refunds_elsewhere import given_back_in_the_console
from tests.shop import REFUND_QUERY_PATH, open_shop
from tests.world import gather

pytestmark = pytest.mark.anyio

CONSOLE_REFUNDS = 11
NOTICES = 60


async def test_rule_18_a_question_about_a_console_refund_keeps_no_payment_waiting(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        await shop.notifications("drop")
        buyer, tea = await shop.buyer(), await shop.product()
        orders = [(await shop.ordered(buyer, tea))["order"] for _ in range(CONSOLE_REFUNDS + 1)]
        paid = [await pay_unseen(shop, order["number"]) for order in orders]
        for notice in paid[:-1]:
            assert (await post(shop, seal(shop, notice))).status == 204
        for order in orders[:-1]:
            await given_back_in_the_console(shop, order["number"], 100)
        slow = {"path": REFUND_QUERY_PATH, "fault": "delay:1.2", "times": 100}
        await shop.order("faults", {"faults": [slow], "notifications": "drop"}, "PUT")
        refunds = [seal(shop, told(shop, order["number"], "REFUND.SUCCESS")) for order in orders[:-1]]
        # when
        asking = asyncio.create_task(gather([post(shop, refund) for refund in refunds], len(refunds)))
        await asyncio.sleep(0.4)
        answer = await post(shop, seal(shop, paid[-1]))
        # then
        assert answer.status == 204
        assert answer.seconds < 0.8
        assert {each.status for each in await asking} == {204}
        for order in orders[:-1]:
            assert await shop.ledger(order["id"]) == [1250, -100]
        assert await shop.ledger(orders[-1]["id"]) == [1250]
        await shop.assert_sound()


async def test_rule_15_a_silent_database_keeps_nobody_waiting_for_long(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        await shop.notifications("drop")
        order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
        notice = await pay_unseen(shop, order["number"])
        messages = [seal(shop, altered(shop, notice)) for _ in range(NOTICES)]
        # when
        async with busy(shop, 8):
            answers = await post_all(shop.url, messages, NOTICES)
        # then
        assert {(answer.status, json.loads(answer.body)["code"]) for answer in answers} == {(503, "FAIL")}
        assert max(answer.seconds for answer in answers) < 6
        # when: what was not acknowledged may have taken effect, and comes again
        answers = await post_all(shop.url, messages)
        # then
        assert {answer.status for answer in answers} == {204}
        assert await shop.ledger(order["id"]) == [1250]
        await shop.assert_sound()
