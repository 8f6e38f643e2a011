"""Payments that heal themselves: not one notification arrives, and every paid order is paid here within a minute.

A hundred orders of each kind; a thousand with APPLETQL_FULL=1.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from domain.orders import OrderStatus, closes_at
from models.catalogue import Product
from models.orders import Order
from tests.orders.asking import advance_to
from tests.shop import Buyer, Shop
from tests.worker.children import child, end
from tests.world import gather

pytestmark = pytest.mark.anyio
MANY = 1000 if os.environ.get("APPLETQL_FULL") == "1" else 100
OF_ONE_BUYER = 20
SECONDS = 60


async def place(shop: Shop, tea: Product, many: int) -> list[dict[str, Any]]:
    """Orders of as many buyers as it takes."""
    buyers = await gather([shop.buyer() for _ in range(many // OF_ONE_BUYER)])

    async def one(buyer: Buyer) -> dict[str, Any]:
        order: dict[str, Any] = (await shop.ordered(buyer, tea))["order"]
        return order

    return await gather([one(buyer) for buyer in buyers for _ in range(OF_ONE_BUYER)])


async def statuses(shop: Shop) -> dict[str, int]:
    async def count() -> dict[str, int]:
        found = {status: await Order.filter(status=status).count() for status in OrderStatus}
        return {str(status): number for status, number in found.items() if number}

    return await shop.read(count)


async def seconds_until(shop: Shop, wanted: dict[str, int]) -> float:
    """Real seconds from now until the orders are in these states."""
    began = time.monotonic()
    while (found := await statuses(shop)) != wanted:
        assert time.monotonic() - began < SECONDS, f"after {SECONDS} seconds there are {found}"
        await asyncio.sleep(0.2)
    return time.monotonic() - began


async def test_without_any_notification_every_paid_order_is_paid_and_every_other_closed(
    shop: Shop, tmp_path: Path, record_property: Any
) -> None:
    # given
    stock = 10 * MANY
    tea = await shop.product(stock=stock)
    await shop.notifications("drop")
    bought = await place(shop, tea, MANY)
    await gather([shop.order("payments", {"outTradeNo": order["number"]}) for order in bought])
    assert await statuses(shop) == {"PENDING": MANY}
    await shop.advance(10)
    # when: all of them are due
    settings = shop.application._settings
    async with child(tmp_path, settings, "worker") as process:
        healed = await seconds_until(shop, {"PAID": MANY})
        assert await end(process) == 0
    # then
    assert await shop.stock(tea) == stock - MANY
    # given: as many that nobody pays
    left = await place(shop, tea, MANY)
    assert await shop.stock(tea) == stock - 2 * MANY
    last = max([(await shop.row(order["id"])).expires_at for order in left])
    await advance_to(shop, closes_at(last), 4)
    # when: all of them are over
    async with child(tmp_path, settings, "worker") as process:
        closed = await seconds_until(shop, {"PAID": MANY, "CLOSED": MANY})
        assert await end(process) == 0
    # then
    at_wechat = {order["outTradeNo"]: order["tradeState"] for order in (await shop.state())["orders"]}
    assert at_wechat == {it["number"]: "SUCCESS" for it in bought} | {it["number"]: "CLOSED" for it in left}
    assert await shop.stock(tea) == stock - MANY
    assert await shop.incidents() == []
    await shop.assert_sound()
    record_property("measured", f"{MANY} paid in {healed:.1f} s, {MANY} closed in {closed:.1f} s")
    print(f"\n{shop.database_url.partition(':')[0]}: {MANY} paid in {healed:.1f} s, {MANY} closed in {closed:.1f} s")  # noqa: T201  (what it measures)
