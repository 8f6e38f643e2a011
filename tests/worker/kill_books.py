"""After a kill and the healing: this server's books are the sandbox's, and no promise was broken."""

from collections import Counter
from typing import Any

from models.accounts import User
from models.catalogue import Product
from models.incidents import Incident
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from models.unit_of_work import UnitsOfWork
from tests.audits import audited

STOCK = 1000


async def unsettled() -> int:
    """How many orders and refunds are not at their end."""
    return await Order.filter(status="PENDING").count() + await Refund.filter(status="PROCESSING").count()


async def check(units: UnitsOfWork, state: dict[str, Any], acknowledged: set[tuple[str, str]]) -> None:
    """Raises AssertionError; `state` is the sandbox's. What the rows say of each other is the product's to audit."""
    await units.read(_check, state, acknowledged)
    assert (found := await audited(units)) == [], found


async def _check(state: dict[str, Any], acknowledged: set[tuple[str, str]]) -> None:
    orders = {order.number: order for order in await Order.all()}
    theirs = {order["outTradeNo"]: order for order in state["orders"]}
    assert theirs.keys() <= orders.keys(), "WeChat has an order that is not here"
    keys = Counter((order.user_id, order.idempotency_key) for order in orders.values())
    assert set(keys.values()) <= {1}, "two orders under one key"
    for number, order in orders.items():
        await _check_order(order, theirs.get(number), state)
    await _check_refunds(state)
    await _check_counters()
    await _check_promises(acknowledged)
    assert (kinds := [incident.kind for incident in await Incident.all()]) == [], kinds


async def _check_order(order: Order, theirs: dict[str, Any] | None, state: dict[str, Any]) -> None:
    transactions = theirs["transactions"] if theirs else []
    payments = await Payment.filter(order_id=order.id)
    assert [it.transaction_id for it in payments] == [it["transactionId"] for it in transactions], "the payments"
    back = sum(
        it["amount"] for it in state["refunds"] if it["outTradeNo"] == order.number and it["status"] == "SUCCESS"
    )
    if not transactions:
        assert order.status == "CLOSED", f"{order.status}, and nobody paid"
        assert theirs is None or theirs["tradeState"] == "CLOSED", "closed here, and WeChat would take money"
        return
    expected = "PAID" if back == 0 else "REFUNDED" if back == order.total else "PARTIALLY_REFUNDED"
    assert (order.status, order.refunded) == (expected, back), "paid or refunded otherwise than at WeChat"
    assert order.paid_at is not None, "paid, and no time of it"


async def _check_refunds(state: dict[str, Any]) -> None:
    ours = {refund.number: (refund.status, refund.amount) for refund in await Refund.all()}
    theirs = {it["outRefundNo"]: (it["status"], it["amount"]) for it in state["refunds"]}
    assert len(theirs) == len(state["refunds"]), "two refunds of one number"
    assert theirs == {number: refund for number, refund in ours.items() if refund[0] != "CLOSED"}, "the refunds"


async def _check_counters() -> None:
    [product] = await Product.all()
    sold = sum([item.quantity for item in await OrderItem.exclude(order__status="CLOSED")])
    assert product.stock == STOCK - sold, "the stock"
    assert [user.unpaid_orders for user in await User.all()] == [0] * await User.all().count(), "the counters"
    assert await Order.exclude(due_at=None).count() == 0, "an order at its end is due"
    assert await Refund.exclude(due_at=None).count() == 0, "a refund at its end is due"


async def _check_promises(acknowledged: set[tuple[str, str]]) -> None:
    for what, which in acknowledged:
        if what == "order":
            user_id, key = which.split(" ")
            assert await Order.filter(user_id=user_id, idempotency_key=key).count() == 1, "an order is lost"
        elif what == "refund":
            order_id, key = which.split(" ")
            assert await Refund.filter(order_id=order_id, key=key).count() == 1, "a refund is lost"
        else:
            order = await Order.get(id=which)
            assert (order.status == "CLOSED") == (what == "closed"), f"{what} was promised"
