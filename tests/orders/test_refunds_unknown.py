"""Rule 18: until what the console gave back is known `refundOrder` waits; what never left explains nothing."""

import pytest

from services.reconciliation.adopting import adopt
from tests.orders.asking import forget_failures
from tests.orders.notices import pay_unseen, post, seal, told
from tests.orders.test_refunds_elsewhere import given_back_in_the_console
from tests.shop import REFUND_PATH, Buyer, Shop, open_shop

pytestmark = pytest.mark.anyio


async def closed_in_the_console(shop: Shop, buyer: Buyer) -> tuple[str, str, str]:
    """A paid order, its payment not heard of, and a refund of the console that WeChat closed: ids and its number."""
    await shop.notifications("drop")
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    await pay_unseen(shop, order["number"])
    await shop.switch(refundOutcome="CLOSED")
    refund_number = await given_back_in_the_console(shop, order["number"], 500)
    await shop.switch()
    return order["id"], order["number"], refund_number


async def becomes_known(shop: Shop, how: str, order_id: str, number: str, refund_number: str) -> None:
    if how == "notice":
        assert (await post(shop, seal(shop, told(shop, number, "REFUND.CLOSED")))).status == 204
    else:
        orders = shop.application.process.orders
        await adopt(orders.access, orders.refund_settling, await shop.row(order_id), refund_number)


async def is_blocked(shop: Shop, order_id: str) -> bool:
    [payment] = await shop.payments(order_id)
    return payment.is_refund_unknown


@pytest.mark.parametrize("how", ["notice", "number"])
async def test_18_a_refund_that_wechat_closed_is_in_nobodys_way_once_it_is_known(database_url: str, how: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        buyer, operator = await shop.buyer(), await shop.operator()
        order_id, number, refund_number = await closed_in_the_console(shop, buyer)
        await shop.sync(buyer, order_id)
        assert (await shop.incidents(), await is_blocked(shop, order_id)) == (["refund_unknown"], True)
        # when
        await becomes_known(shop, how, order_id, number, refund_number)
        # then: also where WeChat says again that something was refunded
        for _ in range(2):
            assert await is_blocked(shop, order_id) is False
            await shop.advance(3)
            await shop.sync(buyer, order_id)
        assert await shop.incidents() == ["refund_unknown"]
        assert [(it.source, it.status) for it in await shop.refund_rows(order_id)] == [("console", "CLOSED")]
        taken = await shop.refund(operator, order_id, 1250)
        assert taken["__typename"] == "RefundOrderSuccess"
        await shop.advance(70)
        await shop.sync(buyer, order_id)
        assert await shop.ledger(order_id) == [1250, -1250]
        await shop.assert_sound()


async def test_18_heard_of_before_wechat_is_asked_it_is_in_nobodys_way(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer()
        order_id, number, refund_number = await closed_in_the_console(shop, buyer)
        await becomes_known(shop, "notice", order_id, number, refund_number)
        await shop.sync(buyer, order_id)
        assert await is_blocked(shop, order_id) is False


async def test_18_beside_one_that_wechat_closed_no_more_than_is_left_goes_back(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: the closed one is known, and a second of the console that went through is not
        buyer, operator = await shop.buyer(), await shop.operator()
        order_id, number, refund_number = await closed_in_the_console(shop, buyer)
        _ = await given_back_in_the_console(shop, number, 300)
        await shop.sync(buyer, order_id)
        await becomes_known(shop, "number", order_id, number, refund_number)
        # when: all is asked back, twice refused by WeChat, and the second becomes known
        _ = await shop.refund(operator, order_id, 1250)
        for _ in range(2):
            await shop.advance(70)
            await shop.sync(buyer, order_id)
        assert (await post(shop, seal(shop, told(shop, number, "REFUND.SUCCESS")))).status == 204
        _ = await shop.refund(operator, order_id)
        await shop.advance(70)
        await shop.sync(buyer, order_id)
        # then
        assert await shop.ledger(order_id) == [1250, -300, -950]
        await shop.assert_sound()


async def sent(shop: Shop) -> int:
    return int((await shop.state())["calls"].get(REFUND_PATH, 0))


async def test_18_a_refund_that_never_left_explains_nothing(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: the circuit is open
        buyer, operator = await shop.buyer(), await shop.operator()
        order = await shop.paid(buyer, await shop.product())
        breaker = shop.application.process.breakers["pay"]
        breaker._open()
        made = await shop.refund(operator, order["id"], 100)
        breaker._close()
        [row] = await shop.refund_rows(order["id"])
        assert (made["refund"]["status"], row.sent_at, await sent(shop)) == ("PROCESSING", None, 0)
        # when
        _ = await given_back_in_the_console(shop, order["number"], 300)
        await shop.application.process.orders.asking.ask(await shop.row(order["id"]))
        # then
        assert (await shop.incidents(), await is_blocked(shop, order["id"])) == (["refund_unknown"], True)
        refused = await shop.refund(operator, order["id"], 100, "key-2")
        assert (refused["__typename"], refused["code"]) == ("OrderProblem", "REFUND_NOT_ALLOWED")
        # when
        assert (await post(shop, seal(shop, told(shop, order["number"], "REFUND.SUCCESS")))).status == 204
        for _ in range(2):
            await shop.advance(70)
            await shop.sync(buyer, order["id"])
        # then: both went back, each once
        assert await is_blocked(shop, order["id"]) is False
        assert await shop.ledger(order["id"]) == [1250, -300, -100]
        await shop.assert_sound()


async def test_18_a_refund_that_may_have_arrived_earlier_still_explains(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: WeChat said nothing certain of it; the second attempt never leaves
        operator = await shop.operator()
        order = await shop.paid(await shop.buyer(), await shop.product())
        await shop.fault("http:500", REFUND_PATH)
        _ = await shop.refund(operator, order["id"], 500)
        [first] = await shop.refund_rows(order["id"])
        assert first.sent_at is not None
        sending, breaker = shop.application.process.orders.refund_sending, shop.application.process.breakers["pay"]
        await shop.advance(70)
        _ = await shop.show(operator, order["id"])
        # when
        breaker._open()
        await sending._send(first)
        forget_failures(shop)
        # then
        [second] = await shop.refund_rows(order["id"])
        assert second.asked_at != first.asked_at
        assert second.sent_at == first.sent_at
        _ = await given_back_in_the_console(shop, order["number"], 300)
        await shop.application.process.orders.asking.ask(await shop.row(order["id"]))
        assert (await shop.incidents(), await is_blocked(shop, order["id"])) == ([], False)
