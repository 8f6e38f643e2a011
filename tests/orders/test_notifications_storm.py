"""A thousand genuine notifications, repeated and out of order: each movement of money once, each answer in time."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import pytest

from models.catalogue import Product
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from tests.orders.notices import AT_ONCE, Answer, Watch, post, post_timed, seal
from tests.shop import Buyer, Shop, open_shop
from tests.world import gather

pytestmark = pytest.mark.anyio

SEED = 20261121
ORDERS, NOTIFICATIONS, LAST_PART = 150, 1000, 120
STOCK = 10**6
SECONDS, LONGEST = 1.0, 5.0
"""What nearly every answer may take, and what WeChat waits for any; longer where the machine is busy otherwise."""


@dataclass
class Season:
    """Orders by what happens to them, each as (buyer, id, number)."""

    plain: list[tuple[Buyer, str, str]] = field(default_factory=list)
    refunded: list[tuple[Buyer, str, str]] = field(default_factory=list)
    console: list[tuple[Buyer, str, str]] = field(default_factory=list)
    closed: list[tuple[Buyer, str, str]] = field(default_factory=list)

    @property
    def every(self) -> list[tuple[Buyer, str, str]]:
        return self.plain + self.refunded + self.console + self.closed


async def sell(shop: Shop, dice: random.Random) -> Season:
    """Orders that were paid, some of them after they were closed."""
    buyers = [await shop.buyer() for _ in range(ORDERS // 15)]
    products = [await shop.product(price, stock=STOCK) for price in (2, 880, 1250)]
    wanted = [(buyers[index % len(buyers)], dice.choice(products), dice.randint(1, 9)) for index in range(ORDERS)]
    made = await gather([shop.ordered(who, what, quantity=many) for who, what, many in wanted], 8)
    season = Season()
    fates = [season.plain] * 70 + [season.refunded] * 30 + [season.closed] * 30 + [season.console] * 20
    dice.shuffle(fates)
    for fate, (buyer, _, _), each in zip(fates, wanted, made, strict=True):
        fate.append((buyer, each["order"]["id"], each["order"]["number"]))
    for buyer, order_id, _ in season.closed:
        assert (await shop.cancel(buyer, order_id))["__typename"] == "CancelOrderSuccess"
    for _, _, number in season.every:
        await shop.order("payments", {"outTradeNo": number})
    return season


async def give_back(shop: Shop, season: Season, dice: random.Random) -> None:
    """Refunds of the operator's, and of WeChat's console, of which the server knows nothing."""
    operator = await shop.operator()
    for buyer, order_id, number in season.refunded:
        await shop.sync(buyer, order_id)
        total = shop.sandbox.wechat.state.orders[number].total
        result = await shop.refund(operator, order_id, dice.choice([1, total // 2, total]))
        assert result["__typename"] == "RefundOrderSuccess", result
    for _, _, number in season.console:
        total = shop.sandbox.wechat.state.orders[number].total
        first = dice.randint(1, total)
        for amount in (first, total - first)[: dice.randint(1, 2)]:
            if amount:
                await shop.order("console/refund", {"outTradeNo": number, "amount": amount})


def drawn(notices: list[Any], count: int, dice: random.Random) -> list[Any]:
    """Each once and some of them again, up to `count`, in any order."""
    every = notices + dice.choices(notices, k=count - len(notices))
    dice.shuffle(every)
    return every


async def system_refunds_sent(shop: Shop) -> None:
    """Those of late payments were begun beside the answers."""

    async def unsent() -> int:
        return await Refund.filter(source="system", refund_id=None).count()

    for _ in range(200):
        if not await shop.read(unsent):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("system refunds are still not sent")


def tell(capsys: pytest.CaptureFixture[str], what: str, answers: list[Answer], seconds: float) -> None:
    took = sorted(answer.seconds for answer in answers)
    hundredths = quantiles(took, n=100)
    with capsys.disabled():
        print(  # noqa: T201  (what was measured)
            f"\n{what}: {len(took)} in {seconds:.1f} s, {AT_ONCE} at a time; median {median(took):.3f} s, 95 % within "
            f"{hundredths[94]:.3f} s, 99 % within {hundredths[98]:.3f} s, slowest {took[-1]:.3f} s (seed {SEED})"
        )


async def test_rules_14_15_17_19_a_thousand_genuine_notifications(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(SEED)
    async with open_shop(database_url) as shop:
        # given
        await shop.notifications("drop")
        season = await sell(shop, dice)
        await give_back(shop, season, dice)
        await shop.advance(40)
        await shop.delivered()
        state = shop.sandbox.wechat.state
        known = list(state.notifications.values())
        first = [seal(shop, each) for each in drawn(known, NOTIFICATIONS - LAST_PART, dice)]
        # when
        watch = Watch()
        answers = await post_timed(shop.url, first, watch)
        await system_refunds_sent(shop)
        await shop.advance(40)
        await shop.delivered()
        late = [each for each in state.notifications.values() if each not in known]
        assert len(late) == len(season.closed)
        last = [seal(shop, each) for each in drawn(late, LAST_PART, dice)]
        answers += await post_timed(shop.url, last, watch)
        # then
        tell(capsys, f"genuine on {database_url.partition(':')[0]}", answers, watch.seconds)
        assert Counter(answer.status for answer in answers) == {204: NOTIFICATIONS}
        took = [answer.seconds for answer in answers]
        assert quantiles(took, n=100)[94] < SECONDS * watch.patience
        assert max(took) < LONGEST * watch.patience
        await assert_books(shop, season)


async def assert_books(shop: Shop, season: Season) -> None:
    """What the sandbox's books say is what the ledger says, and everything shown follows from the ledger."""
    await shop.assert_sound()
    state = shop.sandbox.wechat.state
    moved = Counter((each.out_trade_no, f"pay:{name}", each.total) for name, each in state.transactions.items())
    moved += Counter((each.out_trade_no, f"refund:{name}", -each.amount) for name, each in state.refunds.items())
    assert {each.status for each in state.refunds.values()} == {"SUCCESS"}

    async def books() -> tuple[list[Order], list[LedgerEntry], list[Payment], list[Incident]]:
        return await Order.all(), await LedgerEntry.all(), await Payment.all(), await Incident.all()

    orders, ledger, payments, incidents = await shop.read(books)
    numbers = {order.id: order.number for order in orders}
    assert Counter((numbers[entry.order_id], entry.reference, entry.amount) for entry in ledger) == moved
    assert Counter(payment.order_id for payment in payments) == dict.fromkeys(numbers, 1)
    assert [payment.id for payment in payments if payment.is_refund_unknown] == []
    for order in orders:
        assert shown(order) == recomputed(order, [entry for entry in ledger if entry.order_id == order.id])
    closed = {order_id for _, order_id, _ in season.closed}
    assert {order.id for order in orders if order.status == "CLOSED"} == closed
    assert {payment.order_id for payment in payments if payment.kind == "late"} == closed
    for order_id in closed:
        [refund] = await shop.refund_rows(order_id)
        assert (refund.source, refund.status) == ("system", "SUCCESS")
    # Told where a console's refund arrived before its payment, and of nothing else.
    assert {incident.kind for incident in incidents} <= {"refund_unknown"}
    assert {incident.subject for incident in incidents} <= {order_id for _, order_id, _ in season.console}
    assert [await left_and_held(shop, product.id) for product in shop.products] == [STOCK] * 3


def shown(order: Order) -> tuple[str, int]:
    return order.status, order.refunded


def recomputed(order: Order, entries: list[LedgerEntry]) -> tuple[str, int]:
    """Status and refunded amount from the movements alone; what a closed order was paid is no refund of its price."""
    came = sum(entry.amount for entry in entries if entry.reference.startswith("pay:"))
    back = -sum(entry.amount for entry in entries if entry.reference.startswith("refund:"))
    assert came == order.total
    if order.closed_at is not None:
        assert back == came
        return "CLOSED", 0
    return ("PAID" if back == 0 else "REFUNDED" if back == came else "PARTIALLY_REFUNDED"), back


async def left_and_held(shop: Shop, product_id: str) -> int:
    """What is left and what orders that are not closed hold."""

    async def count() -> int:

        held = await OrderItem.filter(product_id=product_id, stock_taken=True).exclude(order__status="CLOSED")
        return ((await Product.get(id=product_id)).stock or 0) + sum(item.quantity for item in held)

    return await shop.read(count)


async def test_one_notification_from_end_to_end(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_shop(database_url) as shop:
        # given
        await shop.notifications("drop")
        buyer, tea = await shop.buyer(), await shop.product()
        made = [await shop.ordered(buyer, tea) for _ in range(20)]
        for each in made:
            await shop.order("payments", {"outTradeNo": each["order"]["number"]})
        messages = [seal(shop, each) for each in shop.sandbox.wechat.state.notifications.values()]
        # when
        answers = [await post(shop, message) for message in messages]
        # then
        took = [answer.seconds for answer in answers]
        with capsys.disabled():
            print(f"\none on {database_url.partition(':')[0]}: median {median(took) * 1000:.1f} ms")  # noqa: T201  (what was measured)
        assert {answer.status for answer in answers} == {204}
        assert min(took) < SECONDS
