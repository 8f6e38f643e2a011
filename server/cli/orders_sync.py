"""Asking WeChat about orders for `appletql orders sync`: some at once, and what changed of each.

Whatever happens to one order, the others are asked about; only where nothing answers any more does it end early.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import click

from domain.problems import BadRequest, Failure
from models.orders import Order
from models.payments import Refund
from models.unit_of_work import UnitsOfWork
from server.cli.command_process import open_command_process
from server.cli.orders_sync_tally import Tally
from server.cli.patience import Patience, batches, some_at_once
from server.cli.progress import progress
from server.settings import Settings
from server.wiring import Process
from services.orders.overview import Overview, is_held
from services.orders.syncing import Syncing
from services.reconciliation.adopting import adopt
from services.wechat_problems import answered_as_problem
from wechat.breaker import PROBE_SECONDS

_NO_ORDER = "there is no order of this number or id"


async def ask(settings: Settings, names: Sequence[str], refund: str | None = None) -> bool:
    """Asks about the orders of these numbers or ids, without any about all that are unpaid; whether all could be.

    With the out_refund_no `refund` it asks about that refund of the one order before.
    """
    async with open_command_process(settings) as process:
        process.orders.access.pay()
        if refund is not None:
            await adopt_refund(process, names[0], refund)
        return await ask_about(process, names)


async def adopt_refund(process: Process, name: str, refund: str) -> None:
    """Makes a refund of WeChat's console known here, and says so; raises BadRequest where that cannot be."""
    order = await Overview(process.units).find(name)
    if order is None:
        raise BadRequest(_NO_ORDER)
    before = await process.units.read(_words, order.id)
    await adopt(process.orders.access, process.orders.refund_settling, order, refund)
    tell_changes(order, before, await process.units.read(_words, order.id))


def tell_changes(order: Order, before: dict[str, str], after: dict[str, str]) -> int:
    """A line for each word that changed; how many there are."""
    changes = [f"{before.get(it, 'new')} -> {said}" for it, said in after.items() if before.get(it) != said]
    for change in changes:
        click.echo(f"{order.number}: {change}")
    return len(changes)


async def ask_about(process: Process, names: Sequence[str], *, probe_seconds: float = PROBE_SECONDS) -> bool:
    """As `ask`; while the circuit is open, `probe_seconds` are waited before WeChat is tried once more."""
    overview, tally = Overview(process.units), Tally()
    total = len(names) or await overview.pending_count()
    patience = Patience(process.breakers["pay"], tally, probe_seconds)
    try:
        with progress("asking", total) as advance:
            asker = _Asker(process.units, process.orders.syncing, patience, tally, advance)
            async for batch in _named(overview, names, tally, advance) if names else batches(overview.pending, tally):
                await asker.ask(batch)
    finally:
        tally.tell(total)
    return tally.is_whole


async def _named(
    overview: Overview, names: Sequence[str], tally: Tally, advance: Callable[[int], None]
) -> AsyncIterator[list[Order]]:
    for name in names:
        if tally.stopped:
            return
        try:
            order = await overview.find(name)
            if order is None:
                raise BadRequest(_NO_ORDER)
        except Failure as failure:
            tally.fail(name, failure)
            advance(1)
        else:
            yield [order]


@dataclass
class _Asker:
    units: UnitsOfWork
    syncing: Syncing
    patience: Patience
    tally: Tally
    advance: Callable[[int], None]

    async def ask(self, batch: Sequence[Order]) -> None:
        await some_at_once(batch, self._ask, self.tally, self.advance)

    async def _ask(self, order: Order) -> None:
        try:
            before = await self.units.read(_words, order.id)
            try:
                await self.patience.look(lambda: self._look(order))
            finally:  # of an order and its refunds some may have changed before one could not be asked about
                after = await self.units.read(_words, order.id)
                self.tally.changed += bool(tell_changes(order, before, after))
        except Failure as failure:
            self.tally.fail(order.number, failure)
        else:
            self.tally.succeed()

    async def _look(self, order: Order) -> None:
        with answered_as_problem():
            await self.syncing.look(order)


async def _words(order_id: str) -> dict[str, str]:
    """What may change, in words."""
    order = await Order.get(id=order_id)
    refunds = await Refund.filter(order_id=order_id).order_by("id")
    held = " held" if is_held(order) else ""
    return {"order": f"{order.status}{held}"} | {it.number: f"refund {it.number} {it.status}" for it in refunds}
