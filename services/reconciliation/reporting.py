"""The report of a run: counts of everything, the first thousand differences, and an incident for each alarm."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.incidents import IncidentKind
from models.reconciliations import Reconciliation
from models.unit_of_work import UnitsOfWork
from services.incidents import record
from services.reconciliation.differences import Difference

Tell = Callable[[Difference], None]

MOST_TOLD = 1000
"""Differences in the stored report, and incidents of one run: who has more has one trouble, not thousands.

What is of no order here has a thousand of its own, so that it does not take the place of what is.
"""

_THE_REST = "the rest"
_NOT_ASKED = "not asked"


class Report:
    """Takes differences as they are found; `tell` is given each of them, also those beyond the first thousand."""

    def __init__(self, units: UnitsOfWork, clock: Clock, day: date, tell: Tell) -> None:
        self._units = units
        self._clock = clock
        self._day = day.isoformat()
        self._tell = tell
        self._counts: Counter[str] = Counter()
        self._first: dict[bool, list[Difference]] = {True: [], False: []}
        self._told_incidents: Counter[bool] = Counter()
        self._with_rest: set[IncidentKind] = set()
        self._started_at = clock()
        self.repaired = 0
        self.alarms = 0
        self.foreign = 0
        """Rows of other mini programs under the same merchant number."""
        self.unasked = 0

    async def add(self, difference: Difference) -> None:
        """Counts and tells it; records an incident unless it was repaired. Raises Unavailable."""
        self._counts[difference.sort] += 1
        first = self._first[difference.order_id is not None]
        if len(first) < MOST_TOLD:
            first.append(difference)
        if difference.repaired:
            self.repaired += 1
        else:
            self.alarms += 1
            await self._alarm(difference, self._clock())
        self._tell(difference)

    async def leave_unasked(self, count: int) -> None:
        """So many payments and refunds that may be of the day were not asked about."""
        self.unasked = count
        if count:
            await self.leave_out(_NOT_ASKED)

    async def leave_out(self, what: str) -> None:
        """Tells the operator of a part of the day that was not compared."""
        kind, subject = IncidentKind.BILL_NOT_COMPARED, f"bill:{self._day}"
        await self._units.run_again_if_raced(record, kind, subject, self._clock(), what)

    async def store(self, lines: int) -> Reconciliation:
        """The row of the run, whose bill had so many rows."""
        now = self._clock()
        return await self._units.run(self._insert, lines, now)

    async def _insert(self, lines: int, now: datetime) -> Reconciliation:
        return await Reconciliation.create(
            id=new_id(Prefix.RECONCILIATION, now),
            bill_date=self._day,
            lines=lines,
            repaired=self.repaired,
            alarms=self.alarms,
            report=self._to_json(),
            started_at=self._started_at,
            ended_at=now,
        )

    async def _alarm(self, difference: Difference, now: datetime) -> None:
        kind, is_ours = difference.sort.incident, difference.order_id is not None
        self._told_incidents[is_ours] += 1
        if self._told_incidents[is_ours] > MOST_TOLD:
            if kind in self._with_rest:
                return
            self._with_rest.add(kind)
            subject, reference = f"bill:{self._day}", _THE_REST
        else:
            subject = difference.order_id or difference.transaction_id
            reference = difference.refund_number or difference.transaction_id
        await self._units.run_again_if_raced(record, kind, subject, now, reference)

    def _to_json(self) -> str:
        first = [*self._first[True], *self._first[False]][:MOST_TOLD]
        content = {
            "counts": dict(self._counts),
            "differences": [difference.to_json() for difference in first],
            "leftOut": self._counts.total() - len(first),
            "foreign": self.foreign,
            "notAsked": self.unasked,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
