"""The job of every morning: WeChat's bill of yesterday is compared with the ledger."""

from dataclasses import dataclass

from domain.clock import Clock
from domain.problems import BadRequest, Unavailable
from services.reconciliation.china_days import yesterday
from services.reconciliation.reconciling import Reconciling, ignore
from services.worker.job_duty import NotYetError


@dataclass(frozen=True)
class DailyBill:
    """Reconciles yesterday; alarms are incidents, which the operator hears of as of all others."""

    reconciling: Reconciling
    clock: Clock

    async def run(self) -> str:
        """One line about what came of it; raises NotYetError while the bill cannot be had."""
        try:
            outcome = await self.reconciling.run(yesterday(self.clock()), ignore)
        except (BadRequest, Unavailable):
            raise NotYetError from None
        return f"{outcome.bill_date}: {outcome.lines} lines, {outcome.repaired} repaired, {outcome.alarms} alarms"
