"""The job of every morning: WeChat's bills of the last days that were not compared yet are compared with the ledger."""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from domain.clock import Clock
from domain.problems import Failure
from models.orders import Order
from models.reconciliations import Reconciliation
from models.unit_of_work import UnitsOfWork
from services.reconciliation.china_days import CHINA, yesterday
from services.reconciliation.reconciling import Reconciling, ignore
from services.worker.job_duty import NotYetError, Unfinished

_DAYS = 7
"""So many days back a day that was missed is made up for; older ones are for `appletql reconcile --date`."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DailyBill:
    """Reconciles one day a run, the oldest first; alarms are incidents, which the operator hears of as of others."""

    units: UnitsOfWork
    reconciling: Reconciling
    clock: Clock

    async def run(self) -> str | Unfinished:
        """One line about what came of it; raises NotYetError while a bill cannot be had, and no other waits.

        A day whose bill cannot be had keeps no later one waiting.
        """
        days = await self.units.read(_missing, yesterday(self.clock()))
        waiting = 0
        while days:
            day = days.pop(0)
            try:
                outcome = await self.reconciling.run(day, ignore)
            except Failure as failure:
                logger.warning("a bill could not be compared", extra={"day": str(day), "kind": type(failure).__name__})
                waiting += 1
                continue
            said = f"{day}: {outcome.lines} lines, {outcome.repaired} repaired, {outcome.alarms} alarms"
            return said if not days and not waiting else Unfinished(said)
        if waiting:
            raise NotYetError
        return "no day is missing"


async def _missing(last: date) -> list[date]:
    """The days up to `last` without a reconciliation, from the first order on: before it nothing was sold."""
    first = await Order.all().order_by("id").first()
    if first is None:
        return []
    since = max(first.created_at.astimezone(CHINA).date(), last - timedelta(days=_DAYS - 1))
    days = [since + timedelta(days=number) for number in range((last - since).days + 1)]
    wanted = Reconciliation.filter(bill_date__in=[day.isoformat() for day in days])
    dates = {each.bill_date for each in await wanted.only("id", "bill_date")}
    return [day for day in days if day.isoformat() not in dates]
