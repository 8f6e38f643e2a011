"""Orders of every life that the rules of money allow, for what must agree about all of them."""

from dataclasses import dataclass
from typing import Any

from models.payments import Payment, Refund
from services.payments.resolving import Decision
from tests.operations.steps import HeldOrder, held_order, pay_by_itself, resolving
from tests.orders.notices import post, seal, told
from tests.shop import Buyer, Shop
from tests.world import quiet


@dataclass
class Sample:
    """Some that tests change, and beside them every other life."""

    order: Any
    payment: Payment
    refund: Refund
    closed: Any
    late: Payment
    system: Refund
    held: HeldOrder
    accepted: HeldOrder
    failed_order: Any
    owed: Payment
    failed: Refund


async def sample(shop: Shop) -> Sample:
    """Of one shop, whose notifications arrive and whose switches are off."""
    buyer, operator = await shop.buyer(), await shop.operator()
    order = await shop.paid(buyer, await shop.product(1250, stock=9))
    assert (await shop.refund(operator, order["id"], 250))["__typename"] == "RefundOrderSuccess"
    closed = await paid_when_closed(shop, buyer)
    failed_order = await paid_when_closed(shop, buyer, outcome="CLOSED")
    await paid_twice(shop, buyer)
    await refunded_in_the_console(shop, buyer)
    await refunded_to_nobody(shop, buyer, operator)
    await held_and_given_back(shop)
    accepted = await held_order(shop, {"amount": 1249})
    await resolving(shop).resolve(accepted.incidents[0], Decision.ACCEPT)
    held = await held_order(shop, {"amount": 1251})
    [payment], [refund] = await shop.payments(order["id"]), await shop.refund_rows(order["id"])
    [late], [system] = await shop.payments(closed["id"]), await shop.refund_rows(closed["id"])
    [owed], [failed] = await shop.payments(failed_order["id"]), await shop.refund_rows(failed_order["id"])
    assert (refund.status, system.status, failed.status) == ("SUCCESS", "SUCCESS", "CLOSED")
    return Sample(order, payment, refund, closed, late, system, held, accepted, failed_order, owed, failed)


async def paid_when_closed(shop: Shop, buyer: Buyer, outcome: str = "SUCCESS") -> Any:
    """The money goes back, or cannot."""
    order = (await shop.ordered(buyer, await shop.product(1250, stock=9)))["order"]
    await shop.cancel(buyer, order["id"])
    await pay_by_itself(shop, order["number"])
    await settled(shop, outcome)
    return order


async def paid_twice(shop: Shop, buyer: Buyer) -> None:
    """The second payment goes back."""
    order = await shop.paid(buyer, await shop.product(1250))
    await pay_by_itself(shop, order["number"])
    await settled(shop)
    kinds = [(payment.kind, payment.refunded) for payment in await shop.payments(order["id"])]
    assert sorted(kinds) == [("double", 1250), ("order", 0)]


async def refunded_in_the_console(shop: Shop, buyer: Buyer) -> None:
    """In part, for an order that is paid; then for one that is closed, where this server's refund failed."""
    order = await shop.paid(buyer, await shop.product(1250))
    await shop.order("console/refund", {"outTradeNo": order["number"], "amount": 500})
    await settled(shop)
    owed = await paid_when_closed(shop, buyer, outcome="CLOSED")
    await shop.order("console/refund", {"outTradeNo": owed["number"], "amount": 1250})
    await settled(shop)
    assert [await shop.ledger(each["id"]) for each in (order, owed)] == [[1250, -500], [1250, -1250]]


async def refunded_to_nobody(shop: Shop, buyer: Buyer, operator: Buyer) -> None:
    """The payer's account is gone: abnormal, and claimed for good."""
    order = await shop.paid(buyer, await shop.product(1250))
    await shop.refund(operator, order["id"], 100)
    await settled(shop, "ABNORMAL")
    assert [row.status for row in await shop.refund_rows(order["id"])] == ["ABNORMAL"]


async def held_and_given_back(shop: Shop) -> None:
    """By the operator's decision, and by the console before it."""
    held = await held_order(shop, {"amount": 1251})
    await resolving(shop).resolve(held.incidents[0], Decision.REFUND)
    await settled(shop)
    returned = await held_order(shop, {"amount": 1251})
    await shop.notifications("drop")
    await shop.order("console/refund", {"outTradeNo": returned.number, "amount": 1251})
    await settled(shop)
    await shop.notifications("normal")
    await resolving(shop).resolve(returned.incidents[0], Decision.REFUND)
    assert (await post(shop, seal(shop, told(shop, returned.number, "REFUND.SUCCESS")))).status == 204
    assert [await shop.ledger(each.order_id) for each in (held, returned)] == [[1251, -1251], [1251, -1251]]


async def settled(shop: Shop, outcome: str = "SUCCESS") -> None:
    """What goes back is at its end, and the server was told."""
    await quiet()
    await shop.switch(refundOutcome=outcome)
    await shop.advance(120)
    await shop.delivered()
    await quiet()
    await shop.switch()
