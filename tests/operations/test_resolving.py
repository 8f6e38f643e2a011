"""Rule 16: money that differs waits for the operator, who accepts it as it came or gives it back."""

import asyncio
from typing import Any

import pytest

from domain.problems import InvalidInput, WeChatProblem
from models.incidents import Incident
from services.payments.resolving import Decision, Noting, NotResolvableError
from tests.operations.steps import (
    BY_TRANSACTION_PATH,
    HeldOrder,
    held_order,
    incident,
    pay_by_itself,
    resolving,
    state_of,
)
from tests.orders.notices import tables
from tests.shop import REFUND_PATH, REFUND_QUERY_PATH, Shop

pytestmark = pytest.mark.anyio

ANOTHER_PAYER = {"openid": "oanotherpayer000000000000000"}
DIFFERENCES: dict[str, tuple[dict[str, Any], int]] = {
    "a fen less": ({"amount": 1249}, 1249),
    "a fen more": ({"amount": 1251}, 1251),
    "another payer": (ANOTHER_PAYER, 1250),
}
ON_HOLD: tuple[Any, ...] = ("PENDING", True, [], 2, 1)


async def refunded(shop: Shop) -> None:
    """WeChat's refunds come to their end, and it tells."""
    await shop.advance(120)
    await shop.delivered()


@pytest.mark.parametrize("difference", DIFFERENCES)
async def test_accepted_the_order_is_paid_with_what_came(shop: Shop, difference: str) -> None:
    # given
    given, amount = DIFFERENCES[difference]
    held = await held_order(shop, given)
    assert await state_of(shop, held) == ON_HOLD
    # when
    seen = await resolving(shop).look(held.incidents[0])
    assert await state_of(shop, held) == ON_HOLD
    done = await resolving(shop).resolve(held.incidents[0], Decision.ACCEPT)
    # then
    assert (seen.order.id, seen.total, seen.currency) == (held.order_id, amount, "CNY")
    assert (done.order.status, done.payment.total, done.refund) == ("PAID", amount, None)
    assert await state_of(shop, held) == ("PAID", False, [amount], 2, 0)
    assert (await incident(shop, held.incidents[0])).resolution == "accept"
    shown = await shop.show(held.buyer, held.order_id)
    assert (shown["onHold"], shown["payment"]["transactionId"]) == (False, held.transactions[0])


@pytest.mark.parametrize("amount", [1249, 1251])
async def test_what_was_accepted_can_be_refunded_to_the_last_fen_and_no_further(shop: Shop, amount: int) -> None:
    # given
    operator = await shop.operator()
    held = await held_order(shop, {"amount": amount})
    await resolving(shop).resolve(held.incidents[0], Decision.ACCEPT)
    # when
    beyond = await shop.refund(operator, held.order_id, amount + 1)
    part = await shop.refund(operator, held.order_id, amount - 1)
    await refunded(shop)
    between = (await shop.row(held.order_id)).status
    await shop.advance(120)
    rest = await shop.refund(operator, held.order_id)
    await refunded(shop)
    # then
    assert (beyond["__typename"], beyond["code"]) == ("OrderProblem", "REFUND_NOT_ALLOWED")
    assert (part["refund"]["amount"]["amount"], rest["refund"]["amount"]["amount"]) == (amount - 1, 1)
    assert between == "PARTIALLY_REFUNDED"
    assert await state_of(shop, held) == ("REFUNDED", False, [amount, 1 - amount, -1], 2, 0)


@pytest.mark.parametrize("difference", DIFFERENCES)
async def test_refunded_the_money_goes_back_and_the_order_is_closed(shop: Shop, difference: str) -> None:
    # given
    given, amount = DIFFERENCES[difference]
    held = await held_order(shop, given)
    # when
    done = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    # then
    assert done.refund is not None
    assert (done.order.status, done.refund.amount, done.refund.source) == ("CLOSED", amount, "system")
    assert await state_of(shop, held) == ("CLOSED", False, [amount], 3, 0)
    # when
    await refunded(shop)
    # then
    assert await state_of(shop, held) == ("CLOSED", False, [amount, -amount], 3, 0)
    [row] = await shop.refund_rows(held.order_id)
    assert (row.status, row.amount) == ("SUCCESS", amount)
    assert (await incident(shop, held.incidents[0])).resolution == "refund"


async def test_another_currency_is_never_accepted(shop: Shop) -> None:
    held = await held_order(shop, {"currency": "USD"})
    before = await tables(shop)

    with pytest.raises(NotResolvableError, match="another currency can only be refunded"):
        await resolving(shop).resolve(held.incidents[0], Decision.ACCEPT)

    assert await tables(shop) == before
    await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    assert await state_of(shop, held) == ("CLOSED", False, [1250], 3, 0)


@pytest.mark.parametrize("fault", ["http:500", "reset", "bad-signature"])
@pytest.mark.parametrize("decision", list(Decision))
async def test_without_wechats_answer_nothing_changes(shop: Shop, decision: Decision, fault: str) -> None:
    held = await held_order(shop, {"amount": 1249})
    before = await tables(shop)
    await shop.order("faults", {"faults": [{"path": BY_TRANSACTION_PATH, "fault": fault, "times": 9}]}, "PUT")

    with pytest.raises(WeChatProblem):
        await resolving(shop).resolve(held.incidents[0], decision)

    assert await tables(shop) == before


async def test_a_payment_that_wechat_does_not_show_for_the_order_is_not_decided_about(shop: Shop) -> None:
    one, other = await held_order(shop, {"amount": 1}), await held_order(shop, {"amount": 2})

    async def refer_to(transaction_id: str, kind: str) -> None:
        _ = await Incident.filter(id=one.incidents[0]).update(reference=transaction_id, kind=kind)

    await shop.units.run(refer_to, other.transactions[0], "payment_while_held")
    for decision in Decision:
        with pytest.raises(NotResolvableError, match="WeChat does not show this payment for the order"):
            await resolving(shop).resolve(one.incidents[0], decision)
    assert await state_of(shop, one) == ON_HOLD
    await shop.units.run(refer_to, one.transactions[0], "payment_differs")


@pytest.mark.parametrize(
    "decisions",
    [(Decision.ACCEPT, Decision.REFUND), (Decision.ACCEPT,) * 2, (Decision.REFUND,) * 2],
    ids=["accept and refund", "accept twice", "refund twice"],
)
async def test_of_two_operators_at_once_one_decides(shop: Shop, decisions: tuple[Decision, Decision]) -> None:
    # given
    held = await held_order(shop, {"amount": 1249})
    # when
    tries = (resolving(shop).resolve(held.incidents[0], decision) for decision in decisions)
    results = await asyncio.gather(*tries, return_exceptions=True)
    # then
    [lost] = [each for each in results if isinstance(each, BaseException)]
    assert isinstance(lost, NotResolvableError)
    assert str(lost) == "it is resolved already"
    taken = (await incident(shop, held.incidents[0])).resolution
    expected = {"accept": ("PAID", False, [1249], 2, 0), "refund": ("CLOSED", False, [1249], 3, 0)}
    assert await state_of(shop, held) == expected[str(taken)]
    assert len(await shop.refund_rows(held.order_id)) == (taken == "refund")


async def two_payments(shop: Shop) -> HeldOrder:
    """The first differs, the second is right and came while the order was on hold."""
    held = await held_order(shop, {"amount": 1249}, {})
    assert [(await incident(shop, it)).kind for it in held.incidents] == ["payment_differs", "payment_while_held"]
    return held


async def test_the_right_payment_that_came_while_held_pays_and_the_other_goes_back(shop: Shop) -> None:
    held = await two_payments(shop)

    first = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    waiting = await state_of(shop, held)
    await resolving(shop).resolve(held.incidents[1], Decision.ACCEPT)
    await refunded(shop)

    assert (first.order.status, first.order.held_at is not None) == ("PENDING", True)
    assert waiting == ("PENDING", True, [1249], 2, 1)
    assert await state_of(shop, held) == ("PAID", False, [1249, 1250, -1249], 2, 0)
    assert [(it.kind, it.total) for it in await shop.payments(held.order_id)] == [("late", 1249), ("order", 1250)]


async def test_the_differing_payment_is_accepted_and_the_one_after_it_goes_back(shop: Shop) -> None:
    held = await two_payments(shop)

    await resolving(shop).resolve(held.incidents[0], Decision.ACCEPT)
    with pytest.raises(NotResolvableError, match="no longer on hold; refund the payment"):
        await resolving(shop).resolve(held.incidents[1], Decision.ACCEPT)
    await resolving(shop).resolve(held.incidents[1], Decision.REFUND)
    await shop.advance(70)
    await refunded(shop)

    assert await state_of(shop, held) == ("PAID", False, [1249, 1250, -1250], 2, 0)
    assert [(it.kind, it.total) for it in await shop.payments(held.order_id)] == [("order", 1249), ("double", 1250)]


@pytest.mark.parametrize("last", [0, 1])
async def test_an_order_is_closed_with_the_last_of_its_payments_that_is_refunded(shop: Shop, last: int) -> None:
    held = await two_payments(shop)

    await resolving(shop).resolve(held.incidents[1 - last], Decision.REFUND)
    assert (await state_of(shop, held))[:2] == ("PENDING", True)
    await resolving(shop).resolve(held.incidents[last], Decision.REFUND)

    assert (await state_of(shop, held))[:2] == ("CLOSED", False)
    assert (await state_of(shop, held))[3:] == (3, 0)
    assert len(await shop.refund_rows(held.order_id)) == 2


async def test_both_payments_refunded_at_once_close_the_order(shop: Shop) -> None:
    for _ in range(3):
        held = await two_payments(shop)

        await asyncio.gather(*(resolving(shop).resolve(it, Decision.REFUND) for it in held.incidents))

        assert (await state_of(shop, held))[:2] == ("CLOSED", False)
        assert (await state_of(shop, held))[3:] == (3, 0)
        assert len(await shop.refund_rows(held.order_id)) == 2


async def test_a_differing_payment_of_a_paid_order_goes_back_and_the_order_stays_paid(shop: Shop) -> None:
    buyer, product = await shop.buyer(), await shop.product(1250, stock=3)
    order = await shop.paid(buyer, product)
    transaction = await pay_by_itself(shop, order["number"], amount=1249)
    [told] = await shop.read(lambda: Incident.filter(subject=order["id"]).values_list("id", flat=True))
    held = HeldOrder(order["id"], order["number"], [str(told)], [transaction], buyer, product)
    assert await state_of(shop, held) == ("PAID", False, [1250], 2, 0)

    await resolving(shop).resolve(str(told), Decision.REFUND)
    await refunded(shop)

    assert await state_of(shop, held) == ("PAID", False, [1250, 1249, -1249], 2, 0)
    assert [it.kind for it in await shop.payments(order["id"])] == ["order", "double"]


async def test_a_payment_that_was_refunded_in_the_console_is_accepted_with_refunds_refused(shop: Shop) -> None:
    # given
    held = await held_order(shop, {"amount": 1251})
    await shop.notifications("drop")
    await shop.order("console/refund", {"outTradeNo": held.number, "amount": 1})
    # when
    await resolving(shop).resolve(held.incidents[0], Decision.ACCEPT)
    refused = await shop.refund(await shop.operator(), held.order_id, 1)
    # then
    assert await state_of(shop, held) == ("PAID", False, [1251], 2, 0)
    assert (refused["__typename"], refused["code"]) == ("OrderProblem", "REFUND_NOT_ALLOWED")
    told = await shop.read(lambda: Incident.filter(subject=held.order_id).order_by("id"))
    assert [it.kind for it in told] == ["payment_differs", "refund_unknown"]


async def test_a_refund_that_wechat_does_not_take_yet_is_decided_all_the_same(shop: Shop) -> None:
    held = await held_order(shop, {"amount": 1249})
    await shop.order("faults", {"faults": [{"path": REFUND_PATH, "fault": "reset", "times": 9}]}, "PUT")

    done = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)

    assert done.refund is not None
    assert (done.refund.status, done.refund.due_at is not None) == ("PROCESSING", True)
    assert await state_of(shop, held) == ("CLOSED", False, [1249], 3, 0)
    # and once WeChat answers, the same refund is made
    await shop.order("faults", {"faults": []}, "PUT")
    await shop.advance(70)
    await shop.show(held.buyer, held.order_id)  # a request follows the sandbox's clock
    await shop.application.process.orders.refund_sending.pursue(done.refund.id)
    await refunded(shop)
    assert await state_of(shop, held) == ("CLOSED", False, [1249, -1249], 3, 0)
    assert len(await shop.refund_rows(held.order_id)) == 1


async def test_a_refund_of_ours_that_failed_is_an_incident_that_is_noted(shop: Shop) -> None:
    # given
    await shop.switch(refundOutcome="CLOSED")
    held = await held_order(shop, {"amount": 1249})
    # when
    done = await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    await refunded(shop)
    # then
    assert done.refund is not None
    [failed] = await shop.read(lambda: Incident.filter(subject=done.refund.id if done.refund else ""))
    assert (failed.kind, failed.resolved_at) == ("refund_closed", None)
    assert await state_of(shop, held) == ("CLOSED", False, [1249], 3, 0)
    # when
    for decision in Decision:
        with pytest.raises(NotResolvableError, match="no money waits for a decision"):
            await resolving(shop).resolve(failed.id, decision)
    await shop.switch()
    await shop.order("console/refund", {"outTradeNo": held.number, "amount": 1249})
    await refunded(shop)
    await Noting(shop.units, shop.application.process.orders.resolving.clock).note(failed.id, "made in the console")
    # then
    assert await state_of(shop, held) == ("CLOSED", False, [1249, -1249], 3, 0)
    assert (await incident(shop, failed.id)).resolution == "note: made in the console"


async def test_money_that_waits_cannot_be_noted_away(shop: Shop) -> None:
    held = await two_payments(shop)
    noting = Noting(shop.units, resolving(shop).clock)
    before = await tables(shop)

    for incident_id in held.incidents:
        with pytest.raises(NotResolvableError, match="money waits for a decision"):
            await noting.note(incident_id, "seen")

    assert await tables(shop) == before


async def test_money_that_was_settled_by_itself_meanwhile_is_only_noted(shop: Shop) -> None:
    """Once the order is decided about, WeChat's next word on the other payment books it and gives it back."""
    held = await two_payments(shop)
    await resolving(shop).resolve(held.incidents[0], Decision.ACCEPT)
    order = await shop.row(held.order_id)
    await shop.application.process.orders.syncing.look(order)
    await shop.application.process.orders.refund_sending.pursue((await shop.refund_rows(held.order_id))[0].id)
    booked = await state_of(shop, held)
    assert booked == ("PAID", False, [1249, 1250], 2, 0)

    with pytest.raises(NotResolvableError, match="booked already; note it"):
        await resolving(shop).resolve(held.incidents[1], Decision.REFUND)
    await Noting(shop.units, resolving(shop).clock).note(held.incidents[1], "settled by itself")

    assert await state_of(shop, held) == booked
    assert (await incident(shop, held.incidents[1])).resolution == "note: settled by itself"


@pytest.mark.parametrize("text", ["", " ", "a\x00b", "x" * 191], ids=["empty", "blank", "NUL", "too long"])
async def test_a_note_is_clean_text(shop: Shop, text: str) -> None:
    held = await held_order(shop, {"amount": 1249})

    with pytest.raises(InvalidInput):
        await Noting(shop.units, resolving(shop).clock).note(held.incidents[0], text)

    assert (await incident(shop, held.incidents[0])).resolved_at is None


async def test_what_is_not_there_or_resolved_is_told(shop: Shop) -> None:
    held = await held_order(shop, {"amount": 1249})
    noting = Noting(shop.units, resolving(shop).clock)
    await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    before = await tables(shop)

    for decision in Decision:
        with pytest.raises(NotResolvableError, match="it is resolved already"):
            await resolving(shop).resolve(held.incidents[0], decision)
        with pytest.raises(NotResolvableError, match="there is no such incident"):
            await resolving(shop).resolve("inc_" + "0" * 40, decision)
    with pytest.raises(NotResolvableError, match="it is resolved already"):
        await noting.note(held.incidents[0], "again")
    with pytest.raises(NotResolvableError, match="there is no such incident"):
        await noting.note("inc_0", "what")

    assert await tables(shop) == before


async def test_a_refund_has_the_path_of_its_own_question(shop: Shop) -> None:
    """The faults of these tests hit what they mean to."""
    calls = shop.sandbox.wechat.state.calls
    before = {path: calls[path] for path in (BY_TRANSACTION_PATH, REFUND_PATH, REFUND_QUERY_PATH)}
    held = await held_order(shop, {"amount": 1249})

    await resolving(shop).resolve(held.incidents[0], Decision.REFUND)

    assert {path: calls[path] - count for path, count in before.items()} == {
        BY_TRANSACTION_PATH: 1,
        REFUND_PATH: 1,
        REFUND_QUERY_PATH: 0,
    }
