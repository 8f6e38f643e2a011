"""Rules 17 and 18: money that an order has no use for goes back once; refunds of WeChat's console are taken over."""

import asyncio
from typing import Any

import pytest

from tests.orders.notices import (
    altered,
    incidents_about,
    pay_unseen,
    post,
    post_all,
    seal,
    second_server,
    tables,
    told,
)
from tests.shop import REFUND_PATH, REFUND_QUERY_PATH, Buyer, Shop

pytestmark = pytest.mark.anyio


async def refunds_at_wechat(shop: Shop, number: str) -> list[tuple[int, str]]:
    known = shop.sandbox.wechat.state.refunds.values()
    return [(each.amount, each.status) for each in known if each.out_trade_no == number]


async def over(shop: Shop, fate: str) -> tuple[Buyer, dict[str, Any], list[int]]:
    """An order that has no use for a payment, as it was paid or closed, and its ledger; notifications are dropped."""
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product(stock=5)))["order"]
    if fate == "paid":
        assert (await post(shop, seal(shop, await pay_unseen(shop, order["number"])))).status == 204
    else:
        assert (await shop.cancel(buyer, order["id"]))["__typename"] == "CancelOrderSuccess"
    return buyer, await shop.show(buyer, order["id"]), await shop.ledger(order["id"])


async def sent(shop: Shop, order_id: str, *, is_answered: bool = True) -> Any:
    """The one system refund, once it was sent to WeChat beside the answer."""
    for _ in range(200):
        refunds = [each for each in await shop.refund_rows(order_id) if each.source == "system"]
        if refunds and refunds[0].sent_at and (refunds[0].refund_id or not is_answered):
            break
        await asyncio.sleep(0.02)
    [refund] = refunds
    assert refund.status == "PROCESSING"
    return refund


@pytest.mark.parametrize("fate", ["closed", "paid"])
async def test_rule_17_money_that_an_order_has_no_use_for_goes_back_once(shop: Shop, fate: str) -> None:
    # given
    buyer, order, ledger = await over(shop, fate)
    stock = await shop.stock(shop.products[-1])
    notice = await pay_unseen(shop, order["number"])
    # when
    async with second_server(shop) as other:
        messages = [seal(shop, each) for each in (notice, altered(shop, notice)) for _ in range(10)]
        answers = await post_all([shop.url, other], messages, 20)
    # then
    assert {answer.status for answer in answers} == {204}
    refund = await sent(shop, order["id"])
    kinds = {payment.id: payment.kind for payment in await shop.payments(order["id"])}
    assert kinds[refund.payment_id] == ("late" if fate == "closed" else "double")
    assert (refund.source, refund.amount, refund.key) == ("system", 1250, refund.payment_id)
    assert await shop.ledger(order["id"]) == [*ledger, 1250]
    assert await refunds_at_wechat(shop, order["number"]) == [(1250, "PROCESSING")]
    # when
    await shop.notifications("duplicate")
    await shop.advance(31)
    await shop.delivered()
    # then
    assert await shop.ledger(order["id"]) == [*ledger, 1250, -1250]
    assert await refunds_at_wechat(shop, order["number"]) == [(1250, "SUCCESS")]
    shown = await shop.show(buyer, order["id"])
    assert (shown["status"], shown["refunded"]["amount"]) == (order["status"], 0)
    assert await shop.stock(shop.products[-1]) == stock
    assert await incidents_about(shop, order["id"]) == []


async def test_rule_17_of_two_transactions_at_once_one_pays_and_one_goes_back(shop: Shop) -> None:
    # given
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product(stock=5)))["order"]
    notices = [await pay_unseen(shop, order["number"]) for _ in range(2)]
    # when
    async with second_server(shop) as other:
        answers = await post_all([shop.url, other], [seal(shop, each) for each in notices * 10], 20)
    # then
    assert {answer.status for answer in answers} == {204}
    assert sorted(payment.kind for payment in await shop.payments(order["id"])) == ["double", "order"]
    refund = await sent(shop, order["id"])
    assert (refund.source, refund.amount) == ("system", 1250)
    # when
    await shop.notifications("normal")
    await shop.advance(31)
    await shop.delivered()
    # then
    assert await shop.ledger(order["id"]) == [1250, 1250, -1250]
    shown = await shop.show(buyer, order["id"])
    assert (shown["status"], shown["refunded"]["amount"]) == ("PAID", 0)
    assert (await shop.unpaid(buyer), await shop.stock(shop.products[-1])) == (0, 4)


@pytest.mark.parametrize("outcome", ["CLOSED", "ABNORMAL"])
async def test_rule_17_a_system_refund_that_fails_is_told(shop: Shop, outcome: str) -> None:
    # given
    _, order, _ = await over(shop, "closed")
    assert (await post(shop, seal(shop, await pay_unseen(shop, order["number"])))).status == 204
    refund = await sent(shop, order["id"])
    # when
    await shop.switch(refundOutcome=outcome)
    await shop.notifications("duplicate")
    await shop.advance(31)
    await shop.delivered()
    # then
    assert await incidents_about(shop, refund.id) == [(f"refund_{outcome.lower()}", "")]
    [payment] = await shop.payments(order["id"])
    assert (payment.refunded, payment.reserved) == (0, 1250 if outcome == "ABNORMAL" else 0)
    assert await shop.ledger(order["id"]) == [1250]


@pytest.mark.parametrize("fault", ["http:500", "reset", "reset-after", "bad-signature"])
async def test_rule_17_an_unknown_outcome_is_the_same_refund_later(shop: Shop, fault: str) -> None:
    # given
    buyer, order, _ = await over(shop, "closed")
    notice = await pay_unseen(shop, order["number"])
    await shop.fault(fault, REFUND_PATH)
    assert (await post(shop, seal(shop, notice))).status == 204
    first = await sent(shop, order["id"], is_answered=False)
    # when
    for _ in range(2):
        await shop.advance(70)
        await shop.sync(buyer, order["id"])
    await shop.delivered()
    # then
    [refund] = await shop.refund_rows(order["id"])
    assert (refund.number, refund.body, refund.status) == (first.number, first.body, "SUCCESS")
    assert await refunds_at_wechat(shop, order["number"]) == [(1250, "SUCCESS")]
    assert await shop.ledger(order["id"]) == [1250, -1250]


async def paid_unseen(shop: Shop) -> tuple[Buyer, dict[str, Any], Any]:
    """An order that is paid at WeChat: whose it is, the order, and the notice that the server did not get."""
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    return buyer, order, await pay_unseen(shop, order["number"])


async def console_refund(shop: Shop, number: str, amount: int) -> Any:
    """A refund of the console's that is through: its notice, which the server did not get."""
    await shop.order("console/refund", {"outTradeNo": number, "amount": amount})
    await shop.advance(31)
    await shop.delivered()
    return told(shop, number, "REFUND.SUCCESS")


async def test_rule_18_a_refund_of_the_console_after_its_payment(shop: Shop) -> None:
    # given
    buyer, order, notice = await paid_unseen(shop)
    assert (await post(shop, seal(shop, notice))).status == 204
    part = await console_refund(shop, order["number"], 500)
    # when
    answers = await post_all(
        shop.url, [seal(shop, each) for each in (part, altered(shop, part)) for _ in range(10)], 20
    )
    # then
    assert {answer.status for answer in answers} == {204}
    [refund] = await shop.refund_rows(order["id"])
    assert (refund.source, refund.status, refund.amount, refund.operator_id) == ("console", "SUCCESS", 500, None)
    shown = await shop.show(buyer, order["id"])
    assert (shown["status"], shown["refunded"]["amount"]) == ("PARTIALLY_REFUNDED", 500)
    assert await shop.ledger(order["id"]) == [1250, -500]
    # when
    too_much = await shop.refund(await shop.operator(), order["id"], 751)
    rest = await shop.refund(await shop.operator(), order["id"])
    # then
    assert too_much["code"] == "REFUND_NOT_ALLOWED"
    assert (rest["__typename"], rest["refund"]["amount"]["amount"]) == ("RefundOrderSuccess", 750)


@pytest.mark.parametrize("amount", [500, 1250])
async def test_rule_18_a_refund_of_the_console_before_its_payment(shop: Shop, amount: int) -> None:
    # given
    _, order, notice = await paid_unseen(shop)
    back = await console_refund(shop, order["number"], amount)
    # when
    async with second_server(shop) as other:
        answers = await post_all([shop.url, other], [seal(shop, back) for _ in range(20)], 20)
    answers += await post_all(shop.url, [seal(shop, notice) for _ in range(5)], 5)
    # then
    assert {answer.status for answer in answers} == {204}
    assert await shop.ledger(order["id"]) == [1250, -amount]
    row = await shop.row(order["id"])
    assert (row.status, row.refunded) == ("REFUNDED" if amount == 1250 else "PARTIALLY_REFUNDED", amount)
    assert await incidents_about(shop, order["id"]) == [("refund_unknown", notice.resource["transaction_id"])]
    assert [payment.is_refund_unknown for payment in await shop.payments(order["id"])] == [False]


async def test_rule_18_refunds_wait_until_the_amounts_of_an_unknown_one_are_known(shop: Shop) -> None:
    # given
    buyer, order, _ = await paid_unseen(shop)
    operator = await shop.operator()
    await shop.order("console/refund", {"outTradeNo": order["number"], "amount": 500})
    # when
    synced = await shop.sync(buyer, order["id"])
    refused = await shop.refund(operator, order["id"], 100)
    # then
    assert (synced["order"]["status"], refused["code"]) == ("PAID", "REFUND_NOT_ALLOWED")
    assert [kind for kind, _ in await incidents_about(shop, order["id"])] == ["refund_unknown"]
    assert (await shop.ledger(order["id"]), await shop.refund_rows(order["id"])) == ([1250], [])
    # when
    await shop.advance(31)
    await shop.delivered()
    assert (await post(shop, seal(shop, told(shop, order["number"], "REFUND.SUCCESS")))).status == 204
    taken = await shop.refund(operator, order["id"], 100)
    # then
    assert taken["__typename"] == "RefundOrderSuccess"
    assert await shop.ledger(order["id"]) == [1250, -500]


async def test_rule_18_a_refund_is_believed_only_once_wechat_confirms_it(shop: Shop) -> None:
    # given
    _, order, notice = await paid_unseen(shop)
    assert (await post(shop, seal(shop, notice))).status == 204
    part = await console_refund(shop, order["number"], 500)
    invented = altered(shop, part, out_refund_no="50300000000000000000000000")
    before = await tables(shop)
    # when
    answers = [await post(shop, seal(shop, invented))]
    await shop.fault("http:500", REFUND_QUERY_PATH, times=10)
    answers.append(await post(shop, seal(shop, part)))
    await shop.notifications("drop")
    # then
    assert [answer.status for answer in answers] == [503, 503]
    assert await tables(shop) == before
    # when
    answer = await post(shop, seal(shop, part))
    # then
    assert (answer.status, await shop.ledger(order["id"])) == (204, [1250, -500])


async def test_rule_18_a_refund_of_ours_that_is_in_the_way_is_given_up_first(shop: Shop) -> None:
    # given
    buyer, order, notice = await paid_unseen(shop)
    assert (await post(shop, seal(shop, notice))).status == 204
    await shop.order("faults", {"faults": [{"path": REFUND_PATH, "fault": "http:500"}], "notifications": "drop"}, "PUT")
    ours = await shop.refund(await shop.operator(), order["id"], 1000)
    assert ours["refund"]["status"] == "PROCESSING"
    back = await console_refund(shop, order["number"], 1250)
    # when
    answers = [await post(shop, seal(shop, back)) for _ in range(3)]
    # then
    assert [answer.status for answer in answers] == [500, 500, 500]
    assert await incidents_about(shop, back.resource["out_refund_no"]) == [("refund_too_much", "")]
    assert await shop.ledger(order["id"]) == [1250]
    # when
    for _ in range(2):
        await shop.advance(70)
        await shop.sync(buyer, order["id"])
    answer = await post(shop, seal(shop, back))
    # then
    assert answer.status == 204
    found = sorted((each.source, each.status, each.amount) for each in await shop.refund_rows(order["id"]))
    assert found == [("console", "SUCCESS", 1250), ("operator", "CLOSED", 1000)]
    assert (await shop.ledger(order["id"]), (await shop.row(order["id"])).status) == ([1250, -1250], "REFUNDED")
