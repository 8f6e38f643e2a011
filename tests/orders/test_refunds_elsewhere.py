"""Rule 18 where two sides refund: what WeChat never took explains nothing, what the console gave back is told."""

import asyncio
from dataclasses import replace

import pytest

from models.incidents import Incident
from services.payments.resolving import Decision
from tests.operations.steps import held_order, resolving
from tests.orders.asking import forget_failures
from tests.orders.notices import altered, post, seal, told
from tests.orders.refund_requests import A_MINUTE_LATER
from tests.shop import REFUND_PATH, REFUND_QUERY_PATH, Shop, open_shop

pytestmark = pytest.mark.anyio


async def given_back_in_the_console(shop: Shop, number: str, amount: int) -> str:
    """WeChat's console refunds, and its notification is lost; the out_refund_no."""
    await shop.notifications("drop")
    made = await shop.order("console/refund", {"outTradeNo": number, "amount": amount})
    await shop.advance(31)
    await shop.delivered()
    return str(made["outRefundNo"])


async def test_18_a_refund_that_wechat_refused_hides_none_of_its_console(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: refused for good, twice a minute apart
        buyer, operator = await shop.buyer(), await shop.operator()
        order = await shop.paid(buyer, await shop.product())
        for _ in range(2):
            await shop.fault("code:USER_ACCOUNT_ABNORMAL", REFUND_PATH)
            await shop.refund(operator, order["id"], 1250, "key-1")
            await shop.advance(A_MINUTE_LATER)
            forget_failures(shop)
        assert [row.status for row in await shop.refund_rows(order["id"])] == ["CLOSED"]
        # when: so the operator gives half of it back by hand
        await given_back_in_the_console(shop, order["number"], 625)
        await shop.sync(buyer, order["id"])
        # then
        assert await shop.incidents() == ["refund_unknown"]
        refused = await shop.refund(operator, order["id"], 1250, "key-2")
        assert (refused["__typename"], refused["code"]) == ("OrderProblem", "REFUND_NOT_ALLOWED")
        # when
        answer = await post(shop, seal(shop, told(shop, order["number"], "REFUND.SUCCESS")))
        # then
        assert answer.status == 204
        assert await shop.ledger(order["id"]) == [1250, -625]
        assert (await shop.refund(operator, order["id"], 625, "key-3"))["__typename"] == "RefundOrderSuccess"
        await shop.assert_sound()


async def test_16_18_money_on_hold_that_the_console_gave_back(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: somebody else paid, and the operator gave it back in the console
        held = await held_order(shop, {"openid": (await shop.buyer()).openid})
        await given_back_in_the_console(shop, held.number, 1250)
        notice = told(shop, held.number, "REFUND.SUCCESS")
        # when
        answer = await post(shop, seal(shop, notice))
        # then
        assert (answer.status, await shop.incidents()) == (503, ["payment_differs"])
        assert await shop.ledger(held.order_id) == []
        # when
        done = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
        # then
        assert (done.order.status, done.payment.kind, done.refund) == ("CLOSED", "late", None)
        assert await shop.incidents() == ["payment_differs", "refund_unknown"]
        # when: WeChat sends it again
        answer = await post(shop, seal(shop, notice))
        # then
        assert answer.status == 204
        assert await shop.ledger(held.order_id) == [1250, -1250]
        assert [(row.source, row.status) for row in await shop.refund_rows(held.order_id)] == [("console", "SUCCESS")]
        await shop.assert_sound()


async def test_18_a_console_refund_that_wechat_closed_claims_nothing(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: it was closed, and ours claims the whole
        buyer, operator = await shop.buyer(), await shop.operator()
        order = await shop.paid(buyer, await shop.product())
        await shop.switch(refundOutcome="CLOSED")
        await given_back_in_the_console(shop, order["number"], 1250)
        notice = told(shop, order["number"], "REFUND.CLOSED")
        await shop.switch()
        assert (await shop.refund(operator, order["id"]))["__typename"] == "RefundOrderSuccess"
        # when
        answers = [await post(shop, seal(shop, notice)) for _ in range(2)]
        # then
        assert ([answer.status for answer in answers], await shop.incidents()) == ([204, 204], [])
        found = [(row.source, row.status, row.amount) for row in await shop.refund_rows(order["id"])]
        assert found == [("operator", "PROCESSING", 1250), ("console", "CLOSED", 1250)]
        await shop.assert_sound()


async def test_15_a_refund_of_another_mini_program_is_none_of_ours(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: another system sells with the same merchant account
        buyer = await shop.buyer()
        order = await shop.paid(buyer, await shop.product())
        await given_back_in_the_console(shop, order["number"], 500)
        wechat = shop.sandbox.wechat.state
        [(transaction_id, known)] = wechat.transactions.items()
        foreign = replace(known, out_trade_no="ELSEWHERE1", transaction_id=f"9{transaction_id[1:]}")
        ordered = replace(wechat.orders[order["number"]], appid="wx0000000000000000", out_trade_no="ELSEWHERE1")
        wechat.transactions[foreign.transaction_id] = foreign
        wechat.orders["ELSEWHERE1"] = replace(ordered, transaction_ids=[foreign.transaction_id])
        notice = altered(
            shop,
            told(shop, order["number"], "REFUND.SUCCESS"),
            transaction_id=foreign.transaction_id,
            out_trade_no="ELSEWHERE1",
            out_refund_no="ELSEWHERE2",
        )
        # when
        answer = await post(shop, seal(shop, notice))
        # then
        assert (answer.status, await shop.incidents()) == (400, [])


async def test_10_refunds_that_are_settled_at_once_are_each_settled_once(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: forty refunds that WeChat made
        operator = await shop.operator()
        order = await shop.paid(await shop.buyer(), await shop.product(price=4000))
        await shop.notifications("drop")
        for number in range(40):
            made = await shop.refund(operator, order["id"], 10, f"key-{number}")
            assert made["__typename"] == "RefundOrderSuccess"
            await shop.advance(A_MINUTE_LATER)
            await shop.sync(operator, order["id"])
        await shop.advance(60)
        await shop.delivered()
        notices = [it for it in shop.sandbox.wechat.state.notifications.values() if it.event_type == "REFUND.SUCCESS"]
        # when
        answers = await asyncio.gather(*(post(shop, seal(shop, notice)) for notice in notices))
        # then
        assert {answer.status for answer in answers} == {204}
        assert await shop.ledger(order["id"]) == [4000, *[-10] * 40]
        await shop.assert_sound()


async def test_15_a_refund_that_wechat_took_and_closed_is_told(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        operator = await shop.operator()
        order = await shop.paid(await shop.buyer(), await shop.product())
        await shop.switch(refundOutcome="CLOSED")
        await shop.refund(operator, order["id"])
        # when
        await shop.advance(31)
        await shop.delivered()
        # then
        [row] = await shop.refund_rows(order["id"])
        assert (row.status, await shop.incidents()) == ("CLOSED", ["refund_closed"])
        incidents = await shop.read(Incident.all)
        assert [it.subject for it in incidents] == [row.id]


async def test_18_a_refund_whose_answer_was_lost_explains_what_wechat_says(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: WeChat took it, its number never came, and no question about it is answered
        buyer, operator = await shop.buyer(), await shop.operator()
        order = await shop.paid(buyer, await shop.product())
        lost = {"path": REFUND_PATH, "fault": "reset-after", "times": 2}
        silent = {"path": REFUND_QUERY_PATH, "fault": "http:500", "times": 100}
        await shop.order("faults", {"faults": [lost, silent], "notifications": "drop"}, "PUT")
        await shop.refund(operator, order["id"], 500)
        [row] = await shop.refund_rows(order["id"])
        assert (row.status, row.refund_id, row.sent_at is not None) == ("PROCESSING", None, True)
        forget_failures(shop)
        # when
        await shop.sync(buyer, order["id"])
        # then
        assert (await shop.row(order["id"])).trade_state == "REFUND"
        assert await shop.incidents() == []
