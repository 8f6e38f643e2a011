"""What the tests of orders ask of a shop beside what its applets do."""

from typing import Any

from models.incidents import Incident
from models.orders import Order
from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, Shop

CALLS = {"prepay": PREPAY_PATH, "query": QUERY_PATH, "close": CLOSE_PATH}


async def calls(shop: Shop) -> dict[str, int]:
    """How often the sandbox was called for orders so far."""
    counted = (await shop.state())["calls"]
    return {name: counted[path] for name, path in CALLS.items()}


async def calls_since(shop: Shop, before: dict[str, int]) -> dict[str, int]:
    """Those that were made since; what was not called is left out."""
    now = await calls(shop)
    return {name: now[name] - before[name] for name in CALLS if now[name] != before[name]}


async def incidents_of(shop: Shop, order_id: str) -> list[str]:
    """The kinds of the incidents about an order."""

    async def kinds() -> list[str]:
        return [incident.kind for incident in await Incident.filter(subject=order_id).order_by("id")]

    return await shop.read(kinds)


async def orders_of(shop: Shop, user_id: str) -> list[Order]:
    """The user's orders, oldest first."""

    async def found() -> list[Order]:
        return await Order.filter(user_id=user_id).order_by("id")

    return await shop.read(found)


async def advance_to(shop: Shop, moment: Any, seconds: float) -> None:
    """Moves the sandbox's clock so that business time is so many seconds after `moment`, less what a call takes."""
    clock = shop.sandbox.wechat.clock
    await shop.advance(max(0.0, moment.timestamp() + seconds - clock.now()))
