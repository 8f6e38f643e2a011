"""Prepaying: WeChat makes a prepay_id of the stored bytes, and it leaves this server only while the order may be paid.

One attempt at a time for an order in this process; callers share it, and none of them can cancel it.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from domain.clock import Clock
from domain.incidents import IncidentKind
from domain.orders import BESIDE_CALL, OrderStatus, payable_until
from domain.problems import Unavailable, WeChatProblem
from models.encryption import Cipher, UnreadableError
from models.orders import Order
from models.unit_of_work import RacedError, UnitsOfWork
from services.background import LONGEST_END, finish
from services.incidents import record_again
from services.orders.closing import Closing
from services.payments.asking import Asking
from services.payments.pay_access import PayAccess
from services.wechat_problems import log_failure, problem_of
from wechat.errors import WeChatError
from wechat.pay.errors import NumberUsed, OrderClosed, OrderPaid, PayRefused
from wechat.pay.results import PaymentParams

logger = logging.getLogger(__name__)


class NotPayableError(Exception):
    """The order is paid, closed, on hold, being closed, or too close to its end."""


def is_open(order: Order) -> bool:
    """Unpaid, and neither on hold nor being closed."""
    return order.status == OrderStatus.PENDING and order.held_at is None and order.close_wanted_at is None


def is_payable(order: Order, now: datetime) -> bool:
    """Whether parameters may be given out now."""
    return is_open(order) and now < payable_until(order.expires_at)


class Prepaying:
    """Gives out what wx.requestPayment takes."""

    def __init__(
        self, units: UnitsOfWork, access: PayAccess, asking: Asking, closing: Closing, cipher: Cipher, clock: Clock
    ) -> None:
        self._units = units
        self._access = access
        self._asking = asking
        self._closing = closing
        self._cipher = cipher
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[str]] = {}

    async def parameters(self, order: Order) -> PaymentParams:
        """Raises NotPayableError, WeChatProblem; Unavailable when the database does not answer."""
        pay = self._access.pay()
        if not is_payable(order, self._clock()):
            raise NotPayableError
        prepay_id = order.prepay_id or await self._shared(order.id)
        return await pay.payment_params(order.appid, prepay_id)

    async def aclose(self, seconds: float = LONGEST_END) -> None:
        """Waits for the attempts that are under way, then ends it."""
        await finish(self._under_way.values, seconds)

    async def _shared(self, order_id: str) -> str:
        task = self._under_way.get(order_id)
        if task is None:
            task = asyncio.create_task(self._attempt(order_id))
            self._under_way[order_id] = task
            task.add_done_callback(lambda done: self._done(order_id, done))
        return await asyncio.shield(task)

    def _done(self, order_id: str, task: asyncio.Task[str]) -> None:
        del self._under_way[order_id]
        if not task.cancelled():
            task.exception()  # read, since every caller may have gone away

    async def _attempt(self, order_id: str) -> str:
        lasts = self._access.pay().longest_call + BESIDE_CALL
        order, is_only_one = await self._units.run_again_if_raced(_begin, order_id, self._clock, lasts)
        if not is_payable(order, self._clock()):
            raise NotPayableError
        if order.prepay_id is not None:
            return order.prepay_id
        try:
            prepay_id = await self._access.pay().prepay(order.number, self._body(order))
        except (OrderPaid, OrderClosed, NumberUsed) as error:
            raise await self._look(order, error) from None
        except PayRefused as error:
            raise await self._give_up(order, error, is_only_one=is_only_one) from None
        except WeChatError as error:
            log_failure(error)
            raise problem_of(error) from None
        return await self._keep(order, prepay_id)

    def _body(self, order: Order) -> bytes:
        try:
            return self._cipher.open(order.prepay_body).encode()
        except UnreadableError:
            logger.error("a prepay body does not open: was a key dropped from APPLETQL_SECRET_KEYS?")  # noqa: TRY400  (the error says no more)
            raise Unavailable("This server cannot read its order; its operator finds the reason.") from None

    async def _keep(self, order: Order, prepay_id: str) -> str:
        """Only an order that nobody wants closed takes the prepay_id; else it is dropped, and closed at WeChat too."""
        if not await self._units.run(_store, order.id, prepay_id):
            row = await self._units.read(_get, order.id)
            if row.status == OrderStatus.CLOSED:
                await self._closing.close_again(order.number)
            elif row.close_wanted_at is not None:
                await self._close_quietly(row)
            raise NotPayableError
        row = await self._units.read(_get, order.id)
        if not is_payable(row, self._clock()) or row.prepay_id is None:
            raise NotPayableError
        return row.prepay_id

    async def _look(self, order: Order, error: PayRefused) -> Exception:
        """WeChat's books say more than its refusal does; the error for the caller."""
        log_failure(error)
        if isinstance(error, NumberUsed):
            await self._units.run_again_if_raced(record_again, IncidentKind.NUMBER_USED, order.id, self._clock())
        try:
            await self._asking.ask(order)
        except WeChatError as failure:
            log_failure(failure)
            return problem_of(failure)
        row = await self._units.read(_get, order.id)
        return problem_of(error) if is_payable(row, self._clock()) else NotPayableError()

    async def _give_up(self, order: Order, error: PayRefused, *, is_only_one: bool) -> WeChatProblem:
        """A definite refusal ends the order: it is closed as one that WeChat never knew."""
        log_failure(error)
        if is_only_one:
            await self._units.run(_end_attempt, order)
        await self._close_quietly(await self._closing.want(order.id))
        return problem_of(error)

    async def _close_quietly(self, order: Order) -> None:
        """What stays open is asked about again when it is due."""
        try:
            with suppress(WeChatProblem):
                _ = await self._closing.close(order)
        except WeChatError as failure:
            log_failure(failure)


async def _begin(order_id: str, clock: Clock, lasts: timedelta) -> tuple[Order, bool]:
    """Notes that a prepay may arrive at WeChat for so long, unless there is a prepay_id or none may be made.

    The order as it is then, and whether no earlier attempt can still be under way.
    """
    now = clock()
    before = await Order.get(id=order_id)
    if before.prepay_id is not None or not is_payable(before, now):
        return before, False
    same = {"attempt_until": before.attempt_until} if before.attempt_until else {"attempt_until__isnull": True}
    free = Order.filter(id=order_id, status=OrderStatus.PENDING, close_wanted_at=None, held_at=None, prepay_id=None)
    if not await free.filter(**same).update(attempt_until=now + lasts):
        raise RacedError
    return await Order.get(id=order_id), before.attempt_until is None or before.attempt_until <= now


async def _store(order_id: str, prepay_id: str) -> int:
    wanted = Order.filter(id=order_id, status=OrderStatus.PENDING, close_wanted_at=None)
    return await wanted.update(prepay_id=prepay_id)


async def _end_attempt(order: Order) -> None:
    """Unless another process made an attempt since, which may still be under way."""
    _ = await Order.filter(id=order.id, attempt_until=order.attempt_until).update(attempt_until=None)


async def _get(order_id: str) -> Order:
    return await Order.get(id=order_id)
