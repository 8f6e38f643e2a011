"""Asking WeChat about orders for `appletql orders sync`: some at once, and what changed of each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import click

from domain.problems import Failure
from models.orders import Order
from models.payments import Refund
from models.unit_of_work import UnitsOfWork
from server.cli.progress import progress
from server.cli.serving_process import open_process
from server.settings import Settings
from services.orders.overview import Overview, is_held
from services.orders.syncing import Syncing
from services.wechat_problems import answered_as_problem

_AT_ONCE = 10


@dataclass
class _Tally:
    asked: int = 0
    changed: int = 0
    failed: int = 0

    def fail(self, name: str, why: str) -> None:
        self.failed += 1
        click.echo(f"appletql: {name}: {why}", err=True)


async def ask(settings: Settings, names: Sequence[str]) -> int:
    """Asks about the orders of these numbers or ids, without any about all that are unpaid; how many could not be."""
    async with open_process(settings) as process:
        process.orders.access.pay()
        overview, tally = Overview(process.units), _Tally()
        total = len(names) or await overview.pending_count()
        with progress("asking", total) as advance:
            asker = _Asker(process.units, process.orders.syncing, tally, advance)
            async for batch in _named(overview, names, tally, advance) if names else _pending(overview):
                await asker.ask(batch)
    orders = "1 order" if tally.asked == 1 else f"{tally.asked} orders"
    click.echo(f"{orders} asked about, {tally.changed} changed")
    return tally.failed


async def _named(
    overview: Overview, names: Sequence[str], tally: _Tally, advance: Callable[[int], None]
) -> AsyncIterator[list[Order]]:
    for name in names:
        order = await overview.find(name)
        if order is None:
            tally.fail(name, "there is no order of this number or id")
            advance(1)
        else:
            yield [order]


async def _pending(overview: Overview) -> AsyncIterator[list[Order]]:
    after = ""
    while batch := await overview.pending(after):
        after = batch[-1].id
        yield batch


@dataclass
class _Asker:
    units: UnitsOfWork
    syncing: Syncing
    tally: _Tally
    advance: Callable[[int], None]

    async def ask(self, batch: Sequence[Order]) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(order: Order) -> None:
            async with slots:
                await self._ask(order)
            self.advance(1)

        await asyncio.gather(*(one(order) for order in batch))

    async def _ask(self, order: Order) -> None:
        before = await self.units.read(_words, order.id)
        try:
            with answered_as_problem():
                await self.syncing.look(order)
        except Failure as failure:
            self.tally.fail(order.number, failure.message)
        else:
            self.tally.asked += 1
        after = await self.units.read(_words, order.id)
        changes = [f"{before.get(what, 'new')} -> {said}" for what, said in after.items() if before.get(what) != said]
        self.tally.changed += bool(changes)
        for change in changes:
            click.echo(f"{order.number}: {change}")


async def _words(order_id: str) -> dict[str, str]:
    """What may change, in words."""
    order = await Order.get(id=order_id)
    refunds = await Refund.filter(order_id=order_id).order_by("id")
    held = " held" if is_held(order) else ""
    return {"order": f"{order.status}{held}"} | {it.number: f"refund {it.number} {it.status}" for it in refunds}
