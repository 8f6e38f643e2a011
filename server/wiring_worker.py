"""Wires the worker, and runs it beside a server or alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.clock import Clock
from domain.jobs import JobName
from models.incidents import Incident
from models.jobs import Job
from models.orders import Order
from models.payments import Refund
from models.unit_of_work import UnitsOfWork
from server.alerts import Webhook
from server.sandbox_clock import SandboxClock
from server.serving_end import KEPT_AFTER_WORK, Ending
from server.wiring_orders import Orders
from services.accounts.avatars import Avatars
from services.orders.stripping import Stripping
from services.worker.chores import Chores
from services.worker.daily_bill import DailyBill
from services.worker.incident_duty import IncidentDuty
from services.worker.job_duty import SECONDS, JobDuty, Run
from services.worker.loop import Duty, Worker
from services.worker.order_duty import OrderDuty
from services.worker.refund_duty import RefundDuty

_ORDERS_AT_ONCE = 20


@dataclass(frozen=True)
class Workshift:
    """A worker, to be run in one way or the other."""

    worker: Worker
    ending: Ending

    async def run(self) -> None:
        """Until the end of the process begins, whatever fails meanwhile; then it finishes what it began, in time."""
        broken_off = await self.worker.run(self.ending.begun, lambda: self.ending.left(KEPT_AFTER_WORK))
        if broken_off:
            self.ending.cut_off("work of the worker", broken_off)

    async def sweep(self) -> int:
        """Everything that is due now; how much it was. Raises Unavailable when the database does not answer."""
        return await self.worker.sweep()


class _Beginning:
    """What comes before each look for work; jobs get their rows once, as soon as the database takes them."""

    def __init__(self, jobs: JobDuty, sandbox_clock: SandboxClock | None) -> None:
        self._jobs = jobs
        self._sandbox_clock = sandbox_clock
        self._is_prepared = False

    async def before_turn(self) -> None:
        if self._sandbox_clock is not None:
            await self._sandbox_clock.follow()
        if not self._is_prepared:
            await self._jobs.prepare()
            self._is_prepared = True


def make_workshift(
    units: UnitsOfWork,
    orders: Orders,
    avatars: Avatars,
    stripping: Stripping,
    webhook: Webhook | None,
    sandbox_clock: SandboxClock | None,
    clock: Clock,
    ending: Ending,
) -> Workshift:
    """`webhook` is told of incidents; bills are compared where a merchant account is configured."""
    chores = Chores(units, avatars, stripping, clock)
    runs: dict[JobName, Run] = {
        JobName.SESSIONS: chores.end_sessions,
        JobName.MEDIA: chores.remove_media,
        JobName.STRAYS: chores.find_strays,
        JobName.STORIES: chores.trim_stories,
        JobName.PRIVACY: chores.strip_late,
    }
    if orders.access.wire is not None:
        runs[JobName.RECONCILE] = DailyBill(units, orders.reconciling, clock).run
    jobs = JobDuty(units, runs, clock)
    duties = [
        Duty(Order, OrderDuty(units, orders.asking, orders.closing, clock).do, at_once=_ORDERS_AT_ONCE),
        Duty(Refund, RefundDuty(units, orders.refund_sending, clock).do),
        Duty(Job, jobs.do, at_once=1, seconds=SECONDS),
    ]
    if webhook is not None:  # else they wait for a worker that has one
        duties.append(Duty(Incident, IncidentDuty(units, webhook, clock).do))
    return Workshift(Worker(units, duties, clock, before_turn=_Beginning(jobs, sandbox_clock).before_turn), ending)


@asynccontextmanager
async def working(workshift: Workshift) -> AsyncIterator[None]:
    """The worker in the background; it begins nothing more as soon as the process begins to end."""
    running = asyncio.create_task(workshift.run())
    try:
        yield
    finally:
        workshift.ending.begin()
        await asyncio.gather(running, return_exceptions=True)
