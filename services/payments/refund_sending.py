"""Sending refunds: what was reserved reaches WeChat under one number, however often it takes.

Whatever is not a definite answer leaves the reservation as it is, and the same bytes are sent again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import Q

from domain import refunds as rules
from domain.clock import Clock
from domain.incidents import IncidentKind
from domain.refunds import RefundStatus
from models.payments import Payment, Refund
from models.unit_of_work import UnitsOfWork
from services.incidents import record_again
from services.payments.pay_access import PayAccess
from services.payments.refund_settling import NoRoomError, RefundSettling, UnknownRefundError, give_up
from services.payments.settling import ForeignPaymentError
from services.wechat_problems import log_failure
from wechat.errors import Unavailable, Unreachable
from wechat.pay.errors import NotEnough, PayRefused, RefundNotFound, RefundRefused
from wechat.pay.results import RefundAnswer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Turn:
    """Leave to send now: the moment, and when the same refund was sent before, if it was."""

    at: datetime
    sent_before: datetime | None


class RefundSending:
    """Brings a refund one step further. `pursue` raises Unavailable where WeChat gave no answer to rely on."""

    def __init__(self, units: UnitsOfWork, access: PayAccess, settling: RefundSettling, clock: Clock) -> None:
        self._units = units
        self._access = access
        self._settling = settling
        self._clock = clock

    async def pursue(self, refund_id: str, *, only_if_due: bool = False) -> None:
        """Asks WeChat what became of the refund, and sends it where WeChat has not heard of it.

        With `only_if_due` it is asked for and not sent before its time: a buyer cannot make this server insist.
        """
        refund = await self._units.read(_find, refund_id)
        if refund is None or refund.status not in (RefundStatus.PROCESSING, RefundStatus.ABNORMAL):
            return
        if refund.sent_at is not None:
            try:
                await self._settle(await self._access.pay().query_refund(refund.number))
            except RefundNotFound:
                if refund.refund_id is not None:  # accepted once, and not known any more
                    await self._units.run_again_if_raced(self._stuck, refund.id)
            else:
                return
        if refund.status == RefundStatus.PROCESSING and refund.body and not (only_if_due and self._waits(refund)):
            await self._send(refund)

    def _waits(self, refund: Refund) -> bool:
        return refund.due_at is not None and refund.due_at > self._clock()

    async def _send(self, refund: Refund) -> None:
        """Sends, unless another request for the payment was sent within the last minute."""
        turn = await self._units.run_again_if_raced(self._take_turn, refund)
        if turn is None:
            return
        try:
            answer = await self._access.pay().refund(refund.number, refund.body.encode())
        except RefundRefused as error:
            log_failure(error)
            closing = self._refused if refund.refund_id is None else self._not_accepted
            await self._units.run_again_if_raced(closing, refund.id)
        except NotEnough as error:
            log_failure(error)
            await self._units.run_again_if_raced(self._without_balance, refund.id)
        except Unreachable as error:
            log_failure(error)
            await self._units.run_again_if_raced(self._never_left, refund.id, turn)
        except (Unavailable, PayRefused) as error:
            log_failure(error)  # whatever else it says, it is no definite word on this refund
            await self._units.run_again_if_raced(self._not_accepted, refund.id)
        else:
            await self._settle(answer)

    async def _settle(self, answer: RefundAnswer) -> None:
        try:
            _ = await self._settling.settle(answer)
        except (ForeignPaymentError, UnknownRefundError, NoRoomError):
            logger.error("WeChat's answer about a refund does not fit")  # noqa: TRY400  (the error says no more)

    async def _take_turn(self, refund: Refund) -> _Turn | None:
        """The refund's row comes before its payment's, as where refunds are settled: neither waits for the other."""
        now = self._clock()
        unfinished = Refund.filter(id=refund.id, status=RefundStatus.PROCESSING)
        if not await unfinished.update(asked_at=now):
            return None
        free = Q(refund_sent_at=None) | Q(refund_sent_at__lte=now - rules.APART)
        if not await Payment.filter(free, id=refund.payment_id).update(refund_sent_at=now):
            # One that waits longer, for lack of money, goes on waiting.
            _ = await unfinished.filter(due_at__lte=now).update(due_at=now + rules.APART)
            return None
        turn = _Turn(now, (await Refund.get(id=refund.id)).sent_at)
        return turn if await unfinished.update(sent_at=now, due_at=now + rules.APART) else None

    async def _refused(self, refund_id: str) -> None:
        """The second definite refusal, a minute after the first and while WeChat knows of no refund, closes it."""
        now = self._clock()
        refund = await Refund.get(id=refund_id)
        unsent = Refund.filter(id=refund_id, status=RefundStatus.PROCESSING, refund_id=None)
        if refund.refused_at is None or now < refund.refused_at + timedelta(minutes=1):
            _ = await unsent.filter(refused_at=None).update(refused_at=now)
        elif await unsent.update(status=RefundStatus.CLOSED, completed_at=now, due_at=None):
            await give_up(refund, now)

    async def _never_left(self, refund_id: str, turn: _Turn) -> None:
        """WeChat heard nothing of this attempt, so that it explains no refund that WeChat speaks of."""
        _ = await Refund.filter(id=refund_id, sent_at=turn.at).update(sent_at=turn.sent_before)
        await self._not_accepted(refund_id)

    async def _not_accepted(self, refund_id: str) -> None:
        """Sent again after a minute at first; what WeChat did not take for an hour is told, and sent more rarely."""
        now = self._clock()
        refund = await Refund.get(id=refund_id)
        if refund.refund_id is not None or now >= refund.created_at + rules.PATIENCE:
            due_at = max(now + rules.APART, rules.next_question(refund.created_at, now))
            _ = await Refund.filter(id=refund_id, status=RefundStatus.PROCESSING).update(due_at=due_at)
            await self._stuck(refund_id)

    async def _stuck(self, refund_id: str) -> None:
        await record_again(IncidentKind.REFUND_STUCK, refund_id, self._clock())

    async def _without_balance(self, refund_id: str) -> None:
        now = self._clock()
        open_ = Refund.filter(id=refund_id, status=RefundStatus.PROCESSING)
        _ = await open_.update(due_at=now + rules.WITHOUT_BALANCE)
        await record_again(IncidentKind.NOT_ENOUGH, refund_id, now)


async def _find(refund_id: str) -> Refund | None:
    return await Refund.filter(id=refund_id).first()
