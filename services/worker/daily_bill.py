"""The job of every morning: WeChat's bills of the last days that were not compared yet are compared with the ledger."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from domain.clock import Clock
from domain.incidents import IncidentKind
from domain.jobs import CHINA
from domain.problems import Failure
from models.incidents import Incident
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.incidents import record
from services.reconciliation.china_days import KEPT_DAYS, yesterday
from services.reconciliation.reconciling import Reconciling, ignore
from services.reconciliation.unfinished import Mark, mark, undone
from services.worker.job_duty import NotYetError, Unfinished

_DAYS = 7
"""So many days back a day that was missed is made up for; older ones are for `appletql reconcile --date`."""

_TOLD_AFTER = timedelta(hours=24)
"""A day that could not be compared for so long is told to the operator; so is one that is given up."""

_SECONDS_OF_DAY = 500.0
_SECONDS_OF_FAILURES = 60.0
"""Together less than the job may take: what failed so long leaves the other days to a run of their own."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DailyBill:
    """Reconciles one day a run, the oldest first; alarms are incidents, which the operator hears of as of others.

    After `seconds_of_day` a day counts as one that failed. Days that failed come last in the next run, so that none
    keeps another waiting.
    """

    units: UnitsOfWork
    reconciling: Reconciling
    clock: Clock
    seconds_of_day: float = _SECONDS_OF_DAY
    seconds_of_failures: float = _SECONDS_OF_FAILURES
    _failed: dict[date, None] = field(default_factory=dict)

    async def run(self) -> str | Unfinished:
        """One line about what came of it; raises NotYetError while a bill cannot be had, and no other waits."""
        last = yesterday(self.clock())
        days = await self.units.read(_missing, last)
        since = last - timedelta(days=_DAYS - 1)
        await self._tell([day for day in days if day < since])
        wanted = [day for day in days if day >= since]
        fresh = [day for day in wanted if day not in self._failed]
        began, failed = time.monotonic(), 0
        for day in [*fresh, *(each for each in self._failed if each in wanted)]:
            said = await self._try(day)
            if said is not None:
                return said if len(wanted) == 1 else Unfinished(said)
            failed += 1
            if time.monotonic() - began > self.seconds_of_failures:
                break
        if failed < len(fresh):
            return Unfinished(f"{failed} failed, others are next")
        if wanted:
            raise NotYetError
        return "no day is missing"

    async def _try(self, day: date) -> str | None:
        """What came of it; None where it failed, which is told where it fails for long."""
        _ = self._failed.pop(day, None)
        try:
            async with asyncio.timeout(self.seconds_of_day):
                outcome = await self.reconciling.run(day, ignore)
        except Exception as failure:  # noqa: BLE001  (whatever it is, the other days are compared)
            level = logging.WARNING if isinstance(failure, Failure | TimeoutError) else logging.ERROR
            logger.log(level, "a bill could not be compared", extra={"day": str(day), "kind": type(failure).__name__})
            self._failed[day] = None
            now = self.clock()
            is_long = await self.units.run_again_if_raced(mark, day, Mark.FAILED, now, _TOLD_AFTER)
            if is_long or day == yesterday(now) - timedelta(days=_DAYS - 1):
                await self._tell([day])
            return None
        return f"{day}: {outcome.lines} lines, {outcome.repaired} repaired, {outcome.alarms} alarms"

    async def _tell(self, days: list[date]) -> None:
        kind, now = IncidentKind.BILL_NOT_COMPARED, self.clock()
        subjects = [f"bill:{day}" for day in days]
        told = await self.units.read(_told, kind, subjects)
        for subject in subjects:
            if subject not in told:
                await self.units.run_again_if_raced(record, kind, subject, now)


async def _told(kind: IncidentKind, subjects: list[str]) -> set[str]:
    found = Incident.filter(kind=kind, subject__in=subjects, reference="")
    return {str(each) for each in await found.values_list("subject", flat=True)}


async def _missing(last: date) -> list[date]:
    """The days up to `last` without a reconciliation, from the first order on: before it nothing was sold."""
    first = await Order.all().order_by("id").first()
    if first is None:
        return []
    created_at: datetime = first.created_at
    since = max(created_at.astimezone(CHINA).date(), last - timedelta(days=KEPT_DAYS - 1))
    days = [since + timedelta(days=number) for number in range((last - since).days + 1)]
    return await undone(days)
