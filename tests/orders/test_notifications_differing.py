"""Rules 14 and 16: news is compared with the order it is about; what differs is told once and holds the order."""

from typing import Any

import pytest

from tests.orders.asking import calls, calls_since
from tests.orders.notices import Change, altered, incidents_about, pay_unseen, post, post_all, seal, tables, told
from tests.shop import Buyer, Shop

pytestmark = pytest.mark.anyio


def amount(**fields: Any) -> Change:
    return lambda content: content["amount"].update(fields)


def without(*path: str) -> Change:
    def change(content: dict[str, Any]) -> None:
        *outer, name = path
        for each in outer:
            content = content[each]
        del content[name]

    return change


DIFFERING: dict[str, Change] = {
    "a fen more": amount(total=1251),
    "a fen less": amount(total=1249),
    "nothing": amount(total=0),
    "more than fits in 32 bits": amount(total=2**40),
    "no amount": without("amount"),
    "no total": without("amount", "total"),
    "dollars": amount(currency="USD"),
    "no currency": without("amount", "currency"),
    "another payer": lambda content: content["payer"].update(openid="oanotherpayer000000000000000"),
    "no payer": without("payer"),
}


async def unpaid_order(shop: Shop, buyer: Buyer) -> dict[str, Any]:
    await shop.notifications("drop")
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    assert isinstance(order, dict)
    return order


@pytest.mark.parametrize("difference", DIFFERING)
async def test_rule_16_a_differing_payment_is_told_once_and_holds_the_order(shop: Shop, difference: str) -> None:
    # given
    buyer = await shop.buyer()
    order = await unpaid_order(shop, buyer)
    differing = altered(shop, await pay_unseen(shop, order["number"]), DIFFERING[difference])
    again = altered(shop, differing)
    before = await shop.row(order["id"])
    # when
    answers = await post_all(shop.url, [seal(shop, each) for each in (differing, again) for _ in range(5)], 10)
    # then
    assert {answer.status for answer in answers} == {204}
    assert await incidents_about(shop, order["id"]) == [("payment_differs", differing.resource["transaction_id"])]
    row = await shop.row(order["id"])
    assert (row.status, row.total, row.paid_at, row.due_at) == ("PENDING", before.total, None, None)
    assert row.held_at is not None
    assert (await shop.ledger(order["id"]), await shop.payments(order["id"])) == ([], [])
    shown = await shop.show(buyer, order["id"])
    assert (shown["onHold"], shown["canPay"], shown["canCancel"], shown["paidAt"]) == (True, False, False, None)
    assert await shop.unpaid(buyer) == 1


async def test_rule_16_a_held_order_is_neither_paid_nor_cancelled_nor_does_it_expire(shop: Shop) -> None:
    # given
    buyer, key = await shop.buyer(), "a-held-order"
    await shop.notifications("drop")
    tea = await shop.product(stock=5)
    order = (await shop.ordered(buyer, tea, key=key))["order"]
    await pay_unseen(shop, order["number"], amount=1251)
    # when
    assert (await post(shop, seal(shop, told(shop, order["number"])))).status == 204
    before = await calls(shop)
    answers = [await shop.pay(buyer, order["id"]), await shop.create(buyer, tea, key=key)]
    answers.append(await shop.cancel(buyer, order["id"]))
    # then
    assert [(each["__typename"], each["code"]) for each in answers] == [
        ("OrderProblem", "ORDER_NOT_PAYABLE"),
        ("OrderProblem", "ORDER_NOT_PAYABLE"),
        ("OrderProblem", "ORDER_NOT_CANCELLABLE"),
    ]
    assert all(each["order"]["onHold"] for each in answers)
    assert await calls_since(shop, before) == {}
    # when
    await shop.advance(3600)
    synced = await shop.sync(buyer, order["id"])
    # then
    assert (synced["order"]["status"], synced["order"]["onHold"]) == ("PENDING", True)
    assert (await shop.stock(tea), (await shop.row(order["id"])).due_at) == (4, None)
    assert await calls_since(shop, before) == {"query": 1}
    assert len(await incidents_about(shop, order["id"])) == 1


async def test_rule_16_another_payment_of_a_held_order_is_told_and_the_order_stays_held(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    order = await unpaid_order(shop, buyer)
    first = await pay_unseen(shop, order["number"], currency="USD")
    second = await pay_unseen(shop, order["number"])
    # when
    answers = await post_all(shop.url, [seal(shop, each) for each in (first, second, second)], 1)
    # then
    assert [answer.status for answer in answers] == [204, 204, 204]
    assert await incidents_about(shop, order["id"]) == [
        ("payment_differs", first.resource["transaction_id"]),
        ("payment_while_held", second.resource["transaction_id"]),
    ]
    assert (await shop.row(order["id"])).status == "PENDING"
    assert await shop.ledger(order["id"]) == []


async def test_rule_14_asking_finds_the_same_difference(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    order = await unpaid_order(shop, buyer)
    notice = await pay_unseen(shop, order["number"], amount=1249)
    # when
    synced = await shop.sync(buyer, order["id"])
    answer = await post(shop, seal(shop, notice))
    # then
    assert (synced["order"]["status"], synced["order"]["onHold"], answer.status) == ("PENDING", True, 204)
    assert await incidents_about(shop, order["id"]) == [("payment_differs", notice.resource["transaction_id"])]


@pytest.mark.parametrize("event", ["paid", "closed"])
async def test_rule_16_a_differing_payment_of_an_order_that_is_over_is_told_and_changes_nothing(
    shop: Shop, event: str
) -> None:
    # given
    buyer = await shop.buyer()
    order = await unpaid_order(shop, buyer)
    if event == "paid":
        assert (await post(shop, seal(shop, await pay_unseen(shop, order["number"])))).status == 204
    else:
        await shop.cancel(buyer, order["id"])
    ledger = await shop.ledger(order["id"])
    differing = await pay_unseen(shop, order["number"], amount=999)
    # when
    answers = await post_all(shop.url, [seal(shop, differing)] * 5, 5)
    # then
    assert {answer.status for answer in answers} == {204}
    assert await incidents_about(shop, order["id"]) == [("payment_differs", differing.resource["transaction_id"])]
    row = await shop.row(order["id"])
    assert (row.status, row.held_at) == ("PAID" if event == "paid" else "CLOSED", None)
    assert await shop.ledger(order["id"]) == ledger


async def test_rule_14_what_the_payer_gave_after_coupons_is_not_compared(shop: Shop) -> None:
    # given
    order = await unpaid_order(shop, await shop.buyer())
    notice = altered(shop, await pay_unseen(shop, order["number"]), amount(payer_total=1000, payer_currency="USD"))
    # when
    answer = await post(shop, seal(shop, notice))
    # then
    assert (answer.status, (await shop.row(order["id"])).status) == (204, "PAID")
    assert await shop.ledger(order["id"]) == [1250]


@pytest.mark.parametrize("trade_state", ["NOTPAY", "USERPAYING", "PAYERROR", "SOMETHING_NEW"])
async def test_rule_14_other_states_change_nothing(shop: Shop, trade_state: str) -> None:
    # given
    order = await unpaid_order(shop, await shop.buyer())
    notice = altered(shop, await pay_unseen(shop, order["number"]), trade_state=trade_state)
    # when
    answer = await post(shop, seal(shop, notice))
    # then
    row = await shop.row(order["id"])
    assert (answer.status, row.status, row.held_at) == (204, "PENDING", None)
    assert (await shop.ledger(order["id"]), await incidents_about(shop, order["id"])) == ([], [])


async def test_rule_14_a_payment_without_a_transaction_is_not_taken(shop: Shop) -> None:
    # given
    order = await unpaid_order(shop, await shop.buyer())
    notice = altered(shop, await pay_unseen(shop, order["number"]), without("transaction_id"))
    before = await tables(shop)
    # when
    answer = await post(shop, seal(shop, notice))
    # then
    assert (answer.status, await tables(shop)) == (400, before)


DIFFERING_REFUNDS: dict[str, Change] = {
    "a fen more": amount(refund=1001),
    "a fen less": amount(refund=999),
    "another total": amount(total=1251),
    "no amount": without("amount"),
    "another transaction": lambda content: content.update(transaction_id="4200000000000000000000000002"),
    "another order": lambda content: content.update(out_trade_no="20261121777777777777"),
}


async def refunding_order(shop: Shop) -> tuple[str, Any]:
    """An order of 1250 fen, 1000 of which go back: its id, and the notice of that, which the server did not get."""
    order = await unpaid_order(shop, await shop.buyer())
    assert (await post(shop, seal(shop, await pay_unseen(shop, order["number"])))).status == 204
    refund = await shop.refund(await shop.operator(), order["id"], 1000)
    assert refund["refund"]["status"] == "PROCESSING"
    await shop.advance(31)
    await shop.delivered()
    return order["id"], told(shop, order["number"], "REFUND.SUCCESS")


@pytest.mark.parametrize("difference", DIFFERING_REFUNDS)
async def test_rule_14_a_differing_refund_is_told_once_and_changes_nothing(shop: Shop, difference: str) -> None:
    # given
    order_id, notice = await refunding_order(shop)
    [refund] = await shop.refund_rows(order_id)
    differing = altered(shop, notice, DIFFERING_REFUNDS[difference])
    # when
    answers = await post_all(shop.url, [seal(shop, each) for each in (differing, altered(shop, differing))] * 3, 6)
    # then
    assert {answer.status for answer in answers} == {204}
    assert await incidents_about(shop, refund.id) == [("refund_differs", notice.resource["refund_id"])]
    assert [each.status for each in await shop.refund_rows(order_id)] == ["PROCESSING"]
    assert await shop.ledger(order_id) == [1250]
    # when
    answer = await post(shop, seal(shop, notice))
    # then
    assert (answer.status, await shop.ledger(order_id)) == (204, [1250, -1000])


async def test_rule_14_a_refund_notice_of_another_merchant_or_form_is_not_taken(shop: Shop) -> None:
    # given
    order_id, notice = await refunding_order(shop)
    foreign = altered(shop, notice, mchid="1900000109")
    unknown_and_foreign = altered(shop, foreign, out_refund_no="somebody-elses-refund")
    in_the_form_of_an_answer = altered(shop, notice, without("refund_status"), status="SUCCESS")
    before, asked = await tables(shop), await shop.calls("/v3/refund/domestic/refunds/{out_refund_no}")
    # when
    refused = [foreign, unknown_and_foreign, in_the_form_of_an_answer]
    answers = await post_all(shop.url, [seal(shop, each) for each in refused], 1)
    # then
    assert [answer.status for answer in answers] == [400, 400, 400]
    assert await tables(shop) == before
    assert await shop.calls("/v3/refund/domestic/refunds/{out_refund_no}") == asked
    # when
    unknown = await post(shop, seal(shop, altered(shop, notice, refund_status="SOMETHING_NEW")))
    # then
    assert (unknown.status, [each.status for each in await shop.refund_rows(order_id)]) == (204, ["PROCESSING"])
