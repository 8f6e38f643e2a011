"""Receiving notifications: verified on the wire, settled with their inbox row in one unit, and only then acknowledged.

https://pay.weixin.qq.com/doc/v3/merchant/4012791861
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.clock import Clock
from domain.incidents import ABOUT_MONEY, IncidentKind
from domain.problems import Unavailable, WeChatProblem
from models.encryption import Cipher
from models.incidents import Incident
from models.unit_of_work import UnitsOfWork
from services.incidents import china_day, record, record_again
from services.payments.asking import Begin
from services.payments.inbox import Mail
from services.payments.pay_access import PayAccess
from services.payments.refund_settling import NoRoomError, RefundSettling, UnknownPaymentError, UnknownRefundError
from services.payments.settling import ForeignPaymentError, Settling, UnknownOrderError
from services.wechat_problems import log_failure
from wechat.errors import WeChatError
from wechat.pay import errors
from wechat.pay.notices import Notice
from wechat.pay.results import RefundAnswer, Transaction

_AT_ONCE = 10
"""Settled beside each other: the others wait in line once, instead of at every statement for all that came before."""

_LONGEST_WAIT = 2.0
"""Seconds for a turn: WeChat waits five for an answer, and sends again what is answered 503."""

_UNAUTHORIZED = (errors.NoticeHeadersMissing, errors.NoticeStale, errors.UnknownSerial, errors.NoticeForged)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """The HTTP status of the answer, and why, where the notification is not acknowledged."""

    status: int
    message: str = ""


ACKNOWLEDGED = Reply(204)


class _Turns:
    """So many at once; raises Unavailable for who waits too long."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                _ = await self._free.acquire()
        except TimeoutError:
            raise Unavailable("Too many notifications at once.") from None
        try:
            yield
        finally:
            self._free.release()


class Receiving:
    """Takes notifications of payments and refunds. `begin_refund` is told of each refund that one makes necessary.

    `appids` are the mini programs of this server: another system may share the merchant account.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        access: PayAccess,
        settling: Settling,
        refund_settling: RefundSettling,
        cipher: Cipher,
        clock: Clock,
        begin_refund: Begin,
        appids: Collection[str],
    ) -> None:
        self._units = units
        self._access = access
        self._settling = settling
        self._refund_settling = refund_settling
        self._cipher = cipher
        self._clock = clock
        self._begin_refund = begin_refund
        self._appids = frozenset(appids)
        self._xml_told_on = ""
        self._turns, self._questions = _Turns(), _Turns()

    async def receive(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """What to answer: 204 once everything that it says is stored, else a status that makes WeChat send it again."""
        try:
            notice = await self._access.pay().open_notice(headers, body)
        except WeChatProblem:
            return Reply(404, "This server takes no payments.")
        except errors.NoticeRefused as error:
            return await self._refuse(error)
        try:
            return await self._settle(notice)
        except ForeignPaymentError:
            logger.error("a notification is for another merchant or mini program")  # noqa: TRY400  (the error says no more)
            return Reply(400, "Not for this merchant and mini program.")
        except (Unavailable, WeChatError) as error:
            if isinstance(error, WeChatError):
                log_failure(error)
            return Reply(503, "Busy; send it again.")

    async def _refuse(self, error: errors.NoticeRefused) -> Reply:
        logger.warning("a notification was refused", extra={"kind": type(error).__name__})
        if isinstance(error, errors.NoticeIsXml):
            try:
                await self._tell_of_xml()
            except Unavailable:
                return Reply(503, "Busy; send it again.")
        return Reply(401 if isinstance(error, _UNAUTHORIZED) else 400, error.meaning)

    async def _tell_of_xml(self) -> None:
        """Once a day, since nothing shows that it came from WeChat; in between the database is left alone."""
        today = china_day(self._clock())
        if self._xml_told_on != today:
            await self._record(IncidentKind.NOTICE_IS_XML, "notify", today)
            self._xml_told_on = today

    async def _settle(self, notice: Notice) -> Reply:
        mail = self._mail(notice)
        if isinstance(notice.content, Transaction):
            async with self._turns.one():
                return await self._payment(notice.content, mail)
        if isinstance(notice.content, RefundAnswer):
            return await self._refund(notice.content, mail)
        logger.warning("a notification of an unknown kind", extra={"event_type": notice.event_type})
        return Reply(400, "Not a kind of notification that is known here.")

    def _mail(self, notice: Notice) -> Mail:
        number = notice.content.out_trade_no if notice.content else None
        stripped = json.dumps({"number": number, "event": notice.event_type, "at": self._clock().isoformat()})
        sealed, seal = self._cipher.seal(notice.plaintext), self._cipher.seal
        return Mail(notice.id, notice.event_type, sealed, seal(stripped))

    async def _payment(self, news: Transaction, mail: Mail) -> Reply:
        try:
            settled = await self._settling.settle(news, mail)
        except UnknownOrderError:
            if news.mchid != self._access.pay().merchant.mchid or news.appid not in self._appids:
                raise ForeignPaymentError from None
            await self._record(IncidentKind.PAYMENT_UNKNOWN, news.transaction_id or "", "")
            return Reply(500, "No such order here, or not yet.")
        for refund_id in settled.refund_ids:
            self._begin_refund(refund_id)
        return ACKNOWLEDGED

    async def _refund(self, news: RefundAnswer, mail: Mail) -> Reply:
        try:
            async with self._turns.one():
                await self._refund_settling.settle(news, mail)
        except UnknownRefundError as error:
            # Not within the turn: WeChat may take long, and payments would wait for it.
            async with self._questions.one():
                return await self._adopt(news, mail, is_payment_known=error.is_payment_known)
        except NoRoomError:
            return await self._no_room(news)
        return ACKNOWLEDGED

    async def _adopt(self, news: RefundAnswer, mail: Mail, *, is_payment_known: bool) -> Reply:
        """A refund that was not asked for here: WeChat is asked before it is believed."""
        pay = self._access.pay()
        if news.mchid not in (None, pay.merchant.mchid):
            raise ForeignPaymentError
        try:
            if not is_payment_known:
                # Its own notification may be late or lost.
                found = await pay.query_transaction(news.transaction_id or "")
                if found.appid is not None and found.appid not in self._appids:
                    raise ForeignPaymentError
                async with self._turns.one():
                    settled = await self._settling.settle(found)
                for refund_id in settled.refund_ids:
                    self._begin_refund(refund_id)
            confirmed = await pay.query_refund(news.out_refund_no or "")
            async with self._turns.one():
                await self._refund_settling.adopt(confirmed, mail)
        except (UnknownOrderError, UnknownPaymentError):
            if await self._units.read(_waits_for_a_decision, news.transaction_id or ""):
                return Reply(503, "The operator has to decide about this payment first; send it again.")
            await self._record(IncidentKind.PAYMENT_UNKNOWN, news.transaction_id or "", "")
            return Reply(500, "No such order here, or not yet.")
        except NoRoomError:
            return await self._no_room(news)
        return ACKNOWLEDGED

    async def _no_room(self, news: RefundAnswer) -> Reply:
        number = news.out_refund_no or ""
        await self._units.run_again_if_raced(record_again, IncidentKind.REFUND_TOO_MUCH, number, self._clock())
        return Reply(500, "Refunds of ours stand against it; send it again.")

    async def _record(self, kind: IncidentKind, subject: str, reference: str) -> None:
        await self._units.run_again_if_raced(record, kind, subject, self._clock(), reference)


async def _waits_for_a_decision(transaction_id: str) -> bool:
    """Whether the payment is here, and held: what becomes of it is told by an incident already."""
    held = Incident.filter(kind__in=list(ABOUT_MONEY), reference=transaction_id, resolved_at=None)
    return await held.exists()
