"""`appletql verify --against-wechat`: what differs from WeChat is told, nothing else, and nothing is changed."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from models.orders import Order
from models.payments import Payment, Refund
from server.cli.verify_against_wechat import compare_with, named
from services.payments.auditing import Disagreement
from services.payments.comparing import Comparing
from tests.operations.lives import Sample, sample
from tests.operations.steps import (
    BY_TRANSACTION_PATH,
    command,
    fits_a_terminal,
    held_order,
    pay_by_itself,
    serving_command,
)
from tests.orders.asking import forget_failures
from tests.orders.notices import tables
from tests.shop import QUERY_PATH, REFUND_QUERY_PATH, Shop

pytestmark = pytest.mark.anyio

SILENCE = "WeChat gave no answer to rely on. Try again later, with a fresh code where the call takes one."
QUERIES = {QUERY_PATH, BY_TRANSACTION_PATH, REFUND_QUERY_PATH}


@pytest.fixture(scope="module")
async def it(shared_shop: Shop) -> Sample:
    return await sample(shared_shop)


async def compared(shop: Shop, order_id: str) -> list[str]:
    comparing = Comparing(shop.units, shop.application.process.orders.access.pay().untold, pause=0)
    order = await shop.row(order_id)
    found = (await comparing.compare(order)).found
    assert found == [Disagreement(order.number, it.said) for it in found]
    return [it.said for it in found]


async def calls_of(shop: Shop) -> dict[str, int]:
    return dict((await shop.state())["calls"])


@pytest.mark.usefixtures("it")
async def test_every_life_agrees_and_nothing_is_changed(shop: Shop, tmp_path: Path) -> None:
    # given
    before, at_wechat, calls = await tables(shop), await shop.state(), await calls_of(shop)
    rows = [len(before[name]) for name in ("Order", "Payment", "Refund")]
    # when
    done = await serving_command(shop, tmp_path, "verify", "--against-wechat")
    # then
    orders, payments, refunds = rows
    assert done.stdout.splitlines()[-2:] == [
        f"asked WeChat: orders {orders}, payments {payments}, refunds {refunds}, not answered 0",
        "everything agrees",
    ]
    assert done.returncode == 0
    assert "asking WeChat: 100 %" in done.stderr.splitlines()
    assert await tables(shop) == before
    after = await shop.state()
    assert [after[name] for name in ("orders", "refunds")] == [at_wechat[name] for name in ("orders", "refunds")]
    called = {path for path, count in (await calls_of(shop)).items() if count != calls.get(path, 0)}
    assert called - QUERIES <= {"/v3/certificates"}


Fault = Callable[[Sample], Awaitable[object]]

FAULTS: dict[str, tuple[Fault, Fault, str, Callable[[Sample], list[str]]]] = {
    "an order that says it is closed": (
        lambda it: Order.filter(id=it.order["id"]).update(status="CLOSED"),
        lambda it: Order.filter(id=it.order["id"]).update(status="PARTIALLY_REFUNDED"),
        "order",
        lambda _: ["CLOSED, at WeChat REFUND"],
    ),
    "a payment's amount": (
        lambda it: Payment.filter(id=it.payment.id).update(total=1251),
        lambda it: Payment.filter(id=it.payment.id).update(total=1250),
        "order",
        lambda it: [f"payment {it.payment.transaction_id}: 1251, at WeChat 1250 CNY"],
    ),
    "another transaction": (
        lambda it: Payment.filter(id=it.payment.id).update(transaction_id="4200000000000000000000000000"),
        lambda it: Payment.filter(id=it.payment.id).update(transaction_id=it.payment.transaction_id),
        "order",
        lambda it: [
            f"PARTIALLY_REFUNDED, at WeChat paid by {it.payment.transaction_id}, of which no payment is here",
            "payment 4200000000000000000000000000: WeChat does not know it",
            f"refund {it.refund.number}: at WeChat it is of another payment",
        ],
    ),
    "a late payment of another order": (
        lambda it: Payment.filter(id=it.late.id).update(order_id=it.order["id"]),
        lambda it: Payment.filter(id=it.late.id).update(order_id=it.closed["id"]),
        "order",
        lambda it: [
            f"payment {it.late.transaction_id}: at WeChat it is of another order",
            f"payment {it.late.transaction_id}: at WeChat something goes back, and no refund of it is here",
        ],
    ),
    "a refund's amount": (
        lambda it: Refund.filter(id=it.refund.id).update(amount=251),
        lambda it: Refund.filter(id=it.refund.id).update(amount=250),
        "order",
        lambda it: [f"refund {it.refund.number}: 251, at WeChat 250"],
    ),
    "a refund's state": (
        lambda it: Refund.filter(id=it.refund.id).update(status="PROCESSING"),
        lambda it: Refund.filter(id=it.refund.id).update(status="SUCCESS"),
        "order",
        lambda it: [f"refund {it.refund.number}: PROCESSING, at WeChat SUCCESS"],
    ),
    "a refund that WeChat never saw": (
        lambda it: Refund.filter(id=it.refund.id).update(number="nowhere"),
        lambda it: Refund.filter(id=it.refund.id).update(number=it.refund.number),
        "order",
        lambda _: ["refund nowhere: SUCCESS, and WeChat does not know it"],
    ),
    "a refund that is not here": (
        lambda it: Refund.filter(id=it.refund.id).update(order_id=it.closed["id"]),
        lambda it: Refund.filter(id=it.refund.id).update(order_id=it.order["id"]),
        "order",
        lambda it: [
            f"payment {it.payment.transaction_id}: at WeChat something goes back, and no refund of it is here",
        ],
    ),
    "a refund that was given up here": (
        lambda it: Refund.filter(id=it.system.id).update(status="CLOSED"),
        lambda it: Refund.filter(id=it.system.id).update(status="SUCCESS"),
        "closed",
        lambda it: [f"refund {it.system.number}: CLOSED, at WeChat SUCCESS"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_difference_is_found_and_nothing_beside_it(shop: Shop, it: Sample, fault: str) -> None:
    # given
    plant, mend, where, expected = FAULTS[fault]
    order_id = {"order": it.order["id"], "closed": it.closed["id"]}[where]
    assert await compared(shop, order_id) == []
    # when
    assert await shop.units.run(plant, it) == 1
    found = await compared(shop, order_id)
    assert await shop.units.run(mend, it) == 1
    # then
    assert found == expected(it)
    assert await compared(shop, order_id) == []


async def test_what_was_paid_and_closed_there_alone_is_a_disagreement(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    await shop.notifications("drop")
    paid, closed, unpaid = [(await shop.ordered(buyer, tea))["order"] for _ in range(3)]
    transaction = await pay_by_itself(shop, paid["number"])
    shop.sandbox.wechat.state.orders[closed["number"]].closed = True
    names = [paid["number"], closed["id"], unpaid["number"], paid["id"]]
    # when
    done = await serving_command(shop, tmp_path, "verify", "--against-wechat", *names)
    for each in (paid, closed):
        await shop.sync(buyer, each["id"])
    after = await serving_command(shop, tmp_path, "verify", "--against-wechat", *names)
    # then
    lines = done.stdout.splitlines()
    said = " ".join(" ".join(lines).split())
    assert f"{paid['number']} PENDING, at WeChat paid by {transaction}, of which no payment is here" in said
    assert f"{closed['number']} PENDING, at WeChat CLOSED" in said
    assert lines[-2:] == ["asked WeChat: orders 3, payments 0, refunds 0, not answered 0", "2 disagreements"]
    assert (done.returncode, fits_a_terminal(done.stdout)) == (3, True)
    assert after.stdout.splitlines()[-2:] == [
        "asked WeChat: orders 3, payments 1, refunds 0, not answered 0",
        "everything agrees",
    ]
    assert after.returncode == 0


async def test_what_takes_money_there_and_is_closed_here_is_told(shop: Shop) -> None:
    buyer, tea = await shop.buyer(), await shop.product(1250)
    order = (await shop.ordered(buyer, tea))["order"]
    await shop.cancel(buyer, order["id"])
    at_wechat = shop.sandbox.wechat.state.orders[order["number"]]
    assert await compared(shop, order["id"]) == []

    at_wechat.closed = False
    found = await compared(shop, order["id"])
    at_wechat.closed = True

    assert found == ["CLOSED, at WeChat NOTPAY"]


async def test_a_refund_of_the_console_is_told_until_it_is_known(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    order = await shop.paid(buyer, await shop.product(1250))
    await shop.notifications("drop")
    made = await shop.order("console/refund", {"outTradeNo": order["number"], "amount": 500})
    await shop.advance(40)
    await shop.delivered()
    [payment] = await shop.payments(order["id"])
    # then
    expected = [f"payment {payment.transaction_id}: at WeChat something goes back, and no refund of it is here"]
    assert await compared(shop, order["id"]) == expected
    await shop.sync(buyer, order["id"])
    assert await compared(shop, order["id"]) == expected
    # when
    process = shop.application.process
    news = await process.orders.access.pay().query_refund(str(made["outRefundNo"]))
    await process.orders.refund_settling.adopt(news)
    # then
    assert await compared(shop, order["id"]) == []


async def test_money_that_waits_for_a_decision_differs_in_nothing(shop: Shop) -> None:
    held = await held_order(shop, {"amount": 1249}, {"amount": 1250})

    assert await compared(shop, held.order_id) == []


async def test_what_wechat_does_not_answer_is_told(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    silent, known = [(await shop.ordered(buyer, tea))["order"] for _ in range(2)]
    path = QUERY_PATH.format(out_trade_no=silent["number"])
    await shop.order("faults", {"faults": [{"path": path, "fault": "http:503", "times": 99}]}, "PUT")
    # when
    done = await serving_command(shop, tmp_path, "verify", "--against-wechat", silent["number"], known["number"])
    # then
    lines = done.stdout.splitlines()
    said = " ".join(" ".join(lines).split())
    assert f"{silent['number']} not answered: {SILENCE}" in said
    assert lines[-2:] == [
        "asked WeChat: orders 1, payments 0, refunds 0, not answered 1",
        "everything that was answered agrees",
    ]
    assert done.returncode == 1


async def test_it_stops_where_wechat_does_not_answer_at_all(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250)
    made = [(await shop.ordered(buyer, tea))["order"]["number"] for _ in range(17)]
    process = shop.application.process
    process.breakers["pay"]._probe_seconds = 0.3
    await shop.order("faults", {"faults": [{"path": QUERY_PATH, "fault": "reset", "times": 999}]}, "PUT")
    before = await calls_of(shop)
    # when
    found, unanswered = await compare_with(process, await named(process.units, made), probe_seconds=0.6)
    # then
    calls = (await calls_of(shop)).get(QUERY_PATH, 0) - before.get(QUERY_PATH, 0)
    told = capsys.readouterr()
    assert (found, unanswered) == (0, 17)
    assert calls < 30
    assert "appletql: stopped: WeChat does not answer; " in told.err
    assert told.out.splitlines()[-1] == "asked WeChat: orders 0, payments 0, refunds 0, not answered 17"
    # and
    await shop.notifications("normal")
    forget_failures(shop)
    assert await compare_with(process, await named(process.units, made)) == (0, 0)


async def test_an_order_that_is_not_here_is_an_error_and_nothing_is_asked(shop: Shop, tmp_path: Path) -> None:
    order = (await shop.ordered(await shop.buyer(), await shop.product(1250)))["order"]
    before = await calls_of(shop)

    done = await serving_command(shop, tmp_path, "verify", "--against-wechat", order["number"], "2" * 20)

    assert done.stderr == f"appletql: {'2' * 20}: there is no order of this number or id\n"
    assert (done.stdout, done.returncode) == ("", 1)
    assert await calls_of(shop) == before


async def test_orders_go_with_the_option_and_the_option_with_settings(shop: Shop, tmp_path: Path) -> None:
    alone = await command(shop, tmp_path, "verify", "2" * 20)
    unset = await command(shop, tmp_path, "verify", "--against-wechat")

    assert alone.stderr.splitlines()[-1] == "Error: ORDER goes with --against-wechat"
    assert (alone.stdout, alone.returncode) == ("", 2)
    assert (unset.stdout, unset.returncode) == ("", 1)
    assert all(line.startswith("appletql: ") for line in unset.stderr.splitlines())
