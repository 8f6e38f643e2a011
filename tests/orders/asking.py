"""What the tests of orders ask of a shop beside what its applets do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

import httpx
from tortoise.models import Model

from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from server.app import Application
from services.payments.storied_pay import StoriedPay
from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, Buyer, Shop
from tests.world import World

OF_THE_PERSON = {"remark", "prepay_body"}
OF_THE_WORKER = {"due_at", "leased_until"}
CALLS = {"prepay": PREPAY_PATH, "query": QUERY_PATH, "close": CLOSE_PATH}


async def calls(shop: Shop) -> dict[str, int]:
    """How often the sandbox was called for orders so far."""
    counted = shop.sandbox.wechat.state.calls
    return {name: counted[path] for name, path in CALLS.items()}


async def calls_since(shop: Shop, before: dict[str, int]) -> dict[str, int]:
    """Those that were made since; what was not called is left out."""
    now = await calls(shop)
    return {name: now[name] - before[name] for name in CALLS if now[name] != before[name]}


async def called(shop: Shop, before: dict[str, int]) -> None:
    """Waits until WeChat was called for an order; not for ever."""
    async with asyncio.timeout(10):
        while not await calls_since(shop, before):  # noqa: ASYNC110  (the sandbox tells nobody)
            await asyncio.sleep(0.01)


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


async def advance_to(shop: Shop, moment: datetime, seconds: float) -> None:
    """Moves the sandbox's clock so that business time is so many seconds after `moment`, less what a call takes."""
    clock = shop.sandbox.wechat.clock
    await shop.advance(max(0.0, moment.timestamp() + seconds - clock.now()))


async def money_rows(world: World) -> dict[str, dict[str, dict[str, Any]]]:
    """Every row about money by its table and id, but for what is the person's or says when the worker looks again."""

    async def read(model: type[Model]) -> dict[str, dict[str, Any]]:
        left_out = OF_THE_PERSON | OF_THE_WORKER
        rows = await model.all().order_by("id").values()
        return {row["id"]: {name: value for name, value in row.items() if name not in left_out} for row in rows}

    models: tuple[type[Model], ...] = (Order, OrderItem, Payment, Refund, LedgerEntry)
    return {model._meta.db_table: await world.read(partial(read, model)) for model in models}


def forget_failures(shop: Shop) -> None:
    """What earlier tests did to the wire does not open its circuit in the next."""
    wire = shop.application.process.services.buying.access.wire
    assert isinstance(wire, StoriedPay)
    wire._pay.breaker._close()


@asynccontextmanager
async def beside(shop: Shop, **changed: Any) -> AsyncIterator[Callable[[str, Buyer, dict[str, Any]], Awaitable[Any]]]:
    """A second server on the shop's database and sandbox; what it answers to a mutation. `changed` are settings."""
    application = Application(shop.application._settings.model_copy(update=changed))
    transport = httpx.ASGITransport(application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(base_url="http://beside.test", transport=transport, timeout=30) as api,
    ):

        async def mutate(document: str, buyer: Buyer, variables: dict[str, Any]) -> Any:
            body = {"query": document, "variables": variables}
            answer = await api.post("/graphql", json=body, headers={"Authorization": f"Bearer {buyer.token}"})
            [result] = answer.json()["data"].values()
            return result

        yield mutate
