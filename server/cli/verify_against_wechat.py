"""Asking WeChat about orders for `appletql verify`: some at once, and what differs of each.

Whatever happens to one order, the others are asked about; only where nothing answers any more does it end early.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import click

from domain.problems import BadRequest, Failure
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from server.cli.command_process import open_command_process
from server.cli.orders_sync_tally import Tally
from server.cli.patience import Patience, batches, some_at_once
from server.cli.progress import progress
from server.cli.verify_lines import tell, tell_counts
from server.settings import Settings
from server.wiring import Process
from services.orders.overview import Overview
from services.payments.comparing import Comparing
from wechat.breaker import PROBE_SECONDS


async def named(units: UnitsOfWork, names: Sequence[str]) -> list[Order]:
    """The orders of these numbers or ids, each once. Raises BadRequest for the first that does not exist."""
    orders: dict[str, Order] = {}
    for name in names:
        order = await Overview(units).find(name)
        if order is None:
            raise BadRequest(f"{name}: there is no order of this number or id")
        orders[order.id] = order
    return list(orders.values())


async def compare(settings: Settings, orders: Sequence[Order]) -> tuple[int, int]:
    """How much differs of these orders, without any of all, and of how many of them WeChat did not say it all."""
    async with open_command_process(settings) as process:
        return await compare_with(process, orders)


async def compare_with(
    process: Process, orders: Sequence[Order], *, probe_seconds: float = PROBE_SECONDS
) -> tuple[int, int]:
    """As `compare`; while the circuit is open, `probe_seconds` are waited before WeChat is tried once more."""
    overview, tally = Overview(process.units), Tally()
    total = len(orders) or await overview.count()
    patience = Patience(process.breakers["pay"], tally, probe_seconds)
    asker = _Asker(Comparing(process.units, process.orders.access.pay().untold), patience, tally)
    with progress("asking WeChat", total) as advance:
        async for batch in _one_batch(orders) if orders else batches(overview.every, tally):
            await some_at_once(batch, asker.ask, tally, advance)
    return asker.found, asker.tell(total)


async def _one_batch(orders: Sequence[Order]) -> AsyncIterator[Sequence[Order]]:
    yield orders


@dataclass
class _Asker:
    comparing: Comparing
    patience: Patience
    tally: Tally
    found: int = 0
    rows: dict[str, int] = field(default_factory=lambda: {"payments": 0, "refunds": 0})

    async def ask(self, order: Order) -> None:
        try:
            compared = await self.patience.look(lambda: self.comparing.compare(order))
        except Failure as failure:
            self.tally.fail(order.number, failure)
            tell(order.number, f"not answered: {failure.message}")
            return
        self.tally.succeed()
        self.found += len(compared.found)
        self.rows["payments"] += compared.payments
        self.rows["refunds"] += compared.refunds
        for disagreement in compared.found:
            tell(disagreement.subject, disagreement.said)

    def tell(self, total: int) -> int:
        """How many were which; the number of orders without an answer."""
        unanswered = max(len(self.tally.failures), total - self.tally.asked)
        if self.tally.stopped:
            left = unanswered - len(self.tally.failures)
            click.echo(f"appletql: stopped: {self.tally.stopped}; {left} more were not asked about", err=True)
        tell_counts("asked WeChat", {"orders": self.tally.asked} | self.rows | {"not answered": unanswered})
        return unanswered
