"""Syncing: WeChat is asked about one order, at most once in two seconds; who asks meanwhile shares the answer.

A question that brought none counts too, so that nobody can insist while WeChat limits this server.
"""

import asyncio
from datetime import datetime

from tortoise.expressions import Q

from domain.clock import Clock
from domain.orders import SYNC_EVERY, OrderStatus, closes_at
from domain.problems import WeChatProblem
from domain.refunds import RefundStatus
from models.orders import Order
from models.payments import Refund
from models.unit_of_work import UnitsOfWork
from services.background import LONGEST_END, finish
from services.orders.closing import Closing
from services.payments.asking import Asking
from services.payments.refund_sending import RefundSending
from services.wechat_problems import UNANSWERED, answered_as_problem
from wechat.pay.errors import OrderNotFound

_LOOK_AGAIN = 0.1
"""Seconds."""


class Syncing:
    """Brings an order to what WeChat's books show."""

    def __init__(
        self, units: UnitsOfWork, asking: Asking, closing: Closing, refund_sending: RefundSending, clock: Clock
    ) -> None:
        self._units = units
        self._asking = asking
        self._closing = closing
        self._refund_sending = refund_sending
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[tuple[str, datetime], WeChatProblem] = {}

    async def sync(self, order: Order) -> None:
        """Raises WeChatProblem when WeChat gave no answer to rely on; Unavailable when the database does not answer."""
        task = self._under_way.get(order.id)
        if task is None:
            task = asyncio.create_task(self._once(order.id))
            self._under_way[order.id] = task
            task.add_done_callback(lambda done: self._done(order.id, done))
        await asyncio.shield(task)

    async def aclose(self, seconds: float = LONGEST_END) -> None:
        """Waits for what is under way, then ends it."""
        await finish(self._under_way.values, seconds)

    def _done(self, order_id: str, task: asyncio.Task[None]) -> None:
        del self._under_way[order_id]
        if not task.cancelled():
            task.exception()  # read, since every caller may have gone away

    async def _once(self, order_id: str) -> None:
        while not await self._units.run(_take_turn, order_id, now := self._clock()):
            if await self._is_answered(order_id):
                return
            await asyncio.sleep(_LOOK_AGAIN)  # another process asks: its answer, or else the next turn, is near
        try:
            with answered_as_problem():
                await self.look(await self._units.read(_get, order_id))
        except WeChatProblem as problem:
            self._remember(order_id, now, problem)
            await self._units.run(_note, order_id, now, now + SYNC_EVERY)
            raise
        # Whatever else went wrong leaves nothing noted: who comes next waits for a turn of its own.
        await self._units.run(_note, order_id, now, now)

    async def _is_answered(self, order_id: str) -> bool:
        """Whether the turn that was taken last brought an answer; raises WeChatProblem where it brought none."""
        order = await self._units.read(_get, order_id)
        if order.asked_at is None or order.answered_at is None:
            return False
        if order.asked_at != order.answered_at:
            raise _again(self._failures.get((order_id, order.asked_at), UNANSWERED))
        return True

    def _remember(self, order_id: str, taken_at: datetime, problem: WeChatProblem) -> None:
        """Other processes know only that there was no answer; callers of this one are told the same twice."""
        self._failures[order_id, taken_at] = _again(problem)
        forget, end = self._failures.pop, SYNC_EVERY.total_seconds()
        _ = asyncio.get_running_loop().call_later(end, forget, (order_id, taken_at), None)

    async def look(self, order: Order) -> None:
        """Asks now, whoever asked before. Raises a WeChatError or WeChatProblem."""
        try:
            _ = await self._asking.ask(order)
        except OrderNotFound:  # never arrived there, or not yet; closing it is another question
            _ = await self._closing.note_missing(order)
        order = await self._units.read(_get, order.id)
        if order.status == OrderStatus.PENDING and self._is_over(order):
            _ = await self._closing.close(await self._closing.want(order.id))
        for refund_id in await self._units.read(_open_refunds, order.id):
            await self._refund_sending.pursue(refund_id, only_if_due=True)

    def _is_over(self, order: Order) -> bool:
        return order.close_wanted_at is not None or self._clock() >= closes_at(order.expires_at)


async def _take_turn(order_id: str, now: datetime) -> bool:
    """Whether nobody asked within the last two seconds.

    A moment in the future is another server's, whose clock is ahead; one further off is from before a sandbox's reset.
    """
    stale = Q(asked_at=None) | Q(asked_at__lte=now - SYNC_EVERY) | Q(asked_at__gt=now + SYNC_EVERY)
    return bool(await Order.filter(stale, id=order_id).update(asked_at=now, answered_at=None))


async def _note(order_id: str, taken_at: datetime, answered_at: datetime) -> None:
    """The moment of the turn itself where there was an answer, its end where there was none."""
    _ = await Order.filter(id=order_id, asked_at=taken_at).update(answered_at=answered_at)


def _again(problem: WeChatProblem) -> WeChatProblem:
    """A twin without a traceback, for one failure that is told to several callers."""
    return WeChatProblem(problem.code, problem.message, problem.errcode)


async def _open_refunds(order_id: str) -> list[str]:
    unfinished = Refund.filter(order_id=order_id, status__in=[RefundStatus.PROCESSING, RefundStatus.ABNORMAL])
    return [refund.id for refund in await unfinished.order_by("id")]


async def _get(order_id: str) -> Order:
    return await Order.get(id=order_id)
