"""Days that are not compared yet: what stood in the way first, and when, is kept beside the runs."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.ids import Prefix, new_id
from models.reconciliations import Reconciliation

_COMPARED = "compared"


class Mark(StrEnum):
    """What stood in the way."""

    NO_BILL = "no_bill"
    """WeChat said that there is no bill of the day."""
    FAILED = "failed"
    """The day could not be compared, whyever."""


async def mark(day: date, what: Mark, now: datetime, age: timedelta) -> bool:
    """Whether the day has had this mark for so long; it has it from now on at the latest. Inside a unit."""
    marks = Reconciliation.filter(bill_date=day.isoformat(), outcome=what)
    if not await marks.exists():
        _ = await Reconciliation.create(
            id=new_id(Prefix.RECONCILIATION, now),
            bill_date=day.isoformat(),
            outcome=what,
            lines=0,
            repaired=0,
            alarms=0,
            report="{}",
            started_at=now,
            ended_at=now,
        )
    return await marks.filter(started_at__lte=now - age).exists()


async def undone(days: Sequence[date]) -> list[date]:
    """Those without a run that came to its end, in their order."""
    done = Reconciliation.filter(bill_date__in=[day.isoformat() for day in days], outcome=_COMPARED)
    dates = {str(each) for each in await done.values_list("bill_date", flat=True)}
    return [day for day in days if day.isoformat() not in dates]
