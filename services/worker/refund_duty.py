"""What the worker does about a refund that is not at its end: sends it, asks for it, and asks again."""

import random
from datetime import datetime, timedelta

from domain.clock import Clock
from domain.incidents import IncidentKind
from domain.problems import WeChatProblem
from domain.refunds import APART, PATIENCE, WITHOUT_BALANCE, RefundStatus, next_question
from models.payments import Refund
from models.unit_of_work import UnitsOfWork
from services.incidents import record_again
from services.payments.refund_sending import RefundSending
from services.wechat_problems import log_failure
from wechat.errors import WeChatError

_JITTER = timedelta(seconds=3)
_OPEN = (RefundStatus.PROCESSING, RefundStatus.ABNORMAL)


class RefundDuty:
    """Looks after one refund."""

    def __init__(self, units: UnitsOfWork, sending: RefundSending, clock: Clock) -> None:
        self._units = units
        self._sending = sending
        self._clock = clock

    async def do(self, refund_id: str) -> None:
        """Raises Unavailable when the database does not answer."""
        moment = None
        try:
            await self._sending.pursue(refund_id)
        except WeChatError as error:
            log_failure(error)
            moment = await self._units.run_again_if_raced(self._unanswered, refund_id)
        except WeChatProblem:
            moment = self._clock() + WITHOUT_BALANCE  # no merchant account here any more
        await self._units.run(_move_on, refund_id, self._clock(), moment)

    async def _unanswered(self, refund_id: str) -> datetime:
        """When to ask again; what WeChat says nothing of for an hour is told, and asked about more rarely."""
        now, refund = self._clock(), await Refund.get(id=refund_id)
        soon = now + APART
        if refund.status in _OPEN and now >= refund.created_at + PATIENCE:
            await record_again(IncidentKind.REFUND_STUCK, refund_id, now)
            soon = max(soon, next_question(refund.created_at, now))
        return soon + _JITTER * random.random()  # noqa: S311  (to spread, not to hide)


async def _move_on(refund_id: str, now: datetime, moment: datetime | None) -> None:
    """Whatever `pursue` decided stands; a refund at its end is due no more."""
    refund = await Refund.get(id=refund_id)
    if refund.status not in _OPEN:
        _ = await Refund.filter(id=refund_id).exclude(status__in=_OPEN).update(due_at=None)
    elif refund.due_at is None or refund.due_at <= (moment or now):
        later = moment or max(next_question(refund.created_at, now), now + timedelta(seconds=1))
        unmoved = Refund.filter(id=refund_id, status__in=_OPEN, due_at=refund.due_at)
        _ = await unmoved.update(due_at=later)
