"""Rules 16 to 18 together: of money without a use that the console gave back in part the rest goes back."""

import pytest

from services.payments.resolving import Decision
from services.reconciliation.adopting import adopt
from tests.operations.steps import HeldOrder, held_order, pay_by_itself, resolving
from tests.orders.asking import forget_failures
from tests.orders.notices import pay_unseen, post, seal, told
from tests.orders.test_refunds_elsewhere import given_back_in_the_console
from tests.shop import REFUND_PATH, Shop, open_shop
from tests.worker.sweeping import sweep

pytestmark = pytest.mark.anyio

PAID = 1251


async def worked(shop: Shop, minutes: int = 10) -> None:
    """The worker does what is due, for so long; WeChat's notifications stay lost."""
    for _ in range(minutes):
        await shop.advance(70)
        forget_failures(shop)
        _ = await sweep(shop)


async def known_by(shop: Shop, how: str, order_id: str, number: str) -> None:
    """The console's last refund of the order becomes known here, by its notification or by its number."""
    order = await shop.row(order_id)
    if how == "notice":
        assert (await post(shop, seal(shop, told(shop, order.number, "REFUND.SUCCESS")))).status == 204
    else:
        orders = shop.application.process.orders
        await adopt(orders.access, orders.refund_settling, order, number)


async def went_back(shop: Shop, order_id: str) -> list[tuple[str, int, str]]:
    """Source, amount and state of each refund; what counts of them is all that was paid, and the ledger agrees."""
    refunds = await shop.refund_rows(order_id)
    [payment] = [it for it in await shop.payments(order_id) if it.kind != "order"]
    counted = [it.amount for it in refunds if it.status != "CLOSED" and it.payment_id == payment.id]
    assert (sum(counted), payment.reserved, payment.refunded) == (payment.total,) * 3
    assert sum(await shop.ledger(order_id)) == (await shop.row(order_id)).total * (payment.kind == "double")
    at_wechat = [it.amount for it in shop.sandbox.wechat.state.refunds.values() if it.status == "SUCCESS"]
    assert sum(at_wechat) == payment.total
    await shop.assert_sound()
    return sorted((it.source, it.amount, it.status) for it in refunds)


async def refunded_by_the_operator(shop: Shop, held: HeldOrder) -> None:
    done = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    assert (done.order.status, done.refund) == ("CLOSED", None)
    assert await shop.incidents() == ["payment_differs", "refund_unknown"]
    await worked(shop, 2)
    assert await shop.ledger(held.order_id) == [PAID]


@pytest.mark.parametrize("how", ["notice", "number"])
async def test_16_of_money_on_hold_the_rest_goes_back_once_the_part_is_known(database_url: str, how: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        await shop.switch(oneRefundAMinute=True)
        held = await held_order(shop, {"amount": PAID})
        number = await given_back_in_the_console(shop, held.number, 100)
        await refunded_by_the_operator(shop, held)
        # when
        await known_by(shop, how, held.order_id, number)
        await known_by(shop, how, held.order_id, number)
        await worked(shop)
        # then
        assert await shop.ledger(held.order_id) == [PAID, -100, -1151]
        assert await went_back(shop, held.order_id) == [("console", 100, "SUCCESS"), ("system", 1151, "SUCCESS")]
        assert await shop.incidents() == ["payment_differs", "refund_unknown"]


async def test_16_the_console_was_faster_than_the_refund_that_was_decided(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: the whole is reserved here, and WeChat did not take it
        held = await held_order(shop, {"amount": PAID})
        await shop.fault("http:500", REFUND_PATH)
        done = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
        assert done.refund is not None
        assert (done.refund.amount, done.refund.status) == (PAID, "PROCESSING")
        _ = await given_back_in_the_console(shop, held.number, 100)
        notice = told(shop, held.number, "REFUND.SUCCESS")
        # when: WeChat refuses more than the rest
        assert (await post(shop, seal(shop, notice))).status == 500
        await worked(shop, 3)
        assert (await post(shop, seal(shop, notice))).status == 204
        await worked(shop)
        # then
        assert await went_back(shop, held.order_id) == [
            ("console", 100, "SUCCESS"),
            ("system", 1151, "SUCCESS"),
            ("system", PAID, "CLOSED"),
        ]


async def test_16_a_second_part_of_the_console_leaves_less(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: two refunds of the console, and only the first is known
        held = await held_order(shop, {"amount": PAID})
        first = await given_back_in_the_console(shop, held.number, 100)
        second = await given_back_in_the_console(shop, held.number, 200)
        await refunded_by_the_operator(shop, held)
        await known_by(shop, "number", held.order_id, first)
        # when: what seems to be left is more than WeChat gives back
        await worked(shop)
        assert await shop.ledger(held.order_id) == [PAID, -100]
        await known_by(shop, "number", held.order_id, second)
        await worked(shop)
        # then
        assert await went_back(shop, held.order_id) == [
            ("console", 100, "SUCCESS"),
            ("console", 200, "SUCCESS"),
            ("system", 951, "SUCCESS"),
            ("system", 1151, "CLOSED"),
        ]


async def test_16_without_balance_the_rest_waits_and_goes_back(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        held = await held_order(shop, {"amount": PAID})
        number = await given_back_in_the_console(shop, held.number, 100)
        await refunded_by_the_operator(shop, held)
        await shop.switch(notEnough=True)
        # when
        await known_by(shop, "number", held.order_id, number)
        await worked(shop, 2)
        # then
        assert await shop.incidents() == ["not_enough", "payment_differs", "refund_unknown"]
        # when
        await shop.switch()
        for _ in range(2):  # sent again hourly, and asked about hourly
            await shop.advance(3600)
            await worked(shop, 2)
        # then
        assert await went_back(shop, held.order_id) == [("console", 100, "SUCCESS"), ("system", 1151, "SUCCESS")]


async def test_16_what_the_console_began_and_wechat_closed_goes_back_too(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: it is on its way when it becomes known
        held = await held_order(shop, {"amount": PAID})
        await shop.notifications("drop")
        await shop.switch(refundOutcome="CLOSED")
        made = await shop.order("console/refund", {"outTradeNo": held.number, "amount": 100})
        await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
        await known_by(shop, "number", held.order_id, str(made["outRefundNo"]))
        # when
        await shop.advance(31)
        await shop.delivered()
        await shop.switch()
        await worked(shop)
        # then
        assert await went_back(shop, held.order_id) == [
            ("console", 100, "CLOSED"),
            ("system", 100, "SUCCESS"),
            ("system", 1151, "SUCCESS"),
        ]
        assert await shop.incidents() == ["payment_differs", "refund_unknown"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["payment first", "refund first"])
async def test_17_of_a_late_payment_too(database_url: str, order: tuple[int, int]) -> None:
    async with open_shop(database_url) as shop:
        # given: paid after it was closed, and the console gave back a part before anything was heard here
        buyer = await shop.buyer()
        made = (await shop.ordered(buyer, await shop.product()))["order"]
        assert (await shop.cancel(buyer, made["id"]))["order"]["status"] == "CLOSED"
        await shop.notifications("drop")
        paid = await pay_unseen(shop, made["number"])
        _ = await given_back_in_the_console(shop, made["number"], 300)
        back = told(shop, made["number"], "REFUND.SUCCESS")
        # when
        for each in order:
            _ = await post(shop, seal(shop, (paid, back)[each]))
        await worked(shop, 3)
        answers = [await post(shop, seal(shop, notice)) for notice in (paid, back)]  # as WeChat does
        await worked(shop)
        # then
        assert [answer.status for answer in answers] == [204, 204]
        found = [it for it in await went_back(shop, made["id"]) if it[2] == "SUCCESS"]
        assert found == [("console", 300, "SUCCESS"), ("system", 950, "SUCCESS")]


async def test_17_of_a_second_payment_too(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given: its refund waits here while the console gives back a part of it
        made = await shop.paid(await shop.buyer(), await shop.product())
        await shop.fault("http:500", REFUND_PATH)
        _ = await pay_by_itself(shop, made["number"])
        _ = await given_back_in_the_console(shop, made["number"], 300)
        back = told(shop, made["number"], "REFUND.SUCCESS")
        # when
        await worked(shop, 5)
        assert (await post(shop, seal(shop, back))).status == 204
        await worked(shop)
        # then
        found = [it for it in await went_back(shop, made["id"]) if it[2] == "SUCCESS"]
        assert found == [("console", 300, "SUCCESS"), ("system", 950, "SUCCESS")]
