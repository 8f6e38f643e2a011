"""What the worker does about an unpaid order: asks at each rung of the ladder, and closes it when its time is over."""

import random
from datetime import datetime, timedelta

from tortoise.expressions import Q

from domain.clock import Clock
from domain.orders import ASK_AGAIN, OrderStatus, closes_at, next_question
from domain.problems import WeChatProblem
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.orders.closing import Closing
from services.payments.asking import Asking
from services.wechat_problems import log_failure
from wechat.errors import StillUnknown, WeChatError
from wechat.pay.errors import OrderNotFound

_MAY_STILL_APPEAR = timedelta(minutes=10)
_LONGEST = timedelta(hours=1)
_JITTER = timedelta(seconds=3)


class OrderDuty:
    """Looks after one unpaid order."""

    def __init__(self, units: UnitsOfWork, asking: Asking, closing: Closing, clock: Clock) -> None:
        self._units = units
        self._asking = asking
        self._closing = closing
        self._clock = clock

    async def do(self, order_id: str) -> None:
        """Raises Unavailable when the database does not answer."""
        order = await self._units.read(_get, order_id)
        if order.status == OrderStatus.PENDING and order.held_at is None:
            try:
                await self._look(order)
            except WeChatError as error:
                log_failure(error)
                await self._again(order, self._rarely(order) if isinstance(error, StillUnknown) else ASK_AGAIN)
                return
            except WeChatProblem:
                await self._again(order, ASK_AGAIN)
                return
        rung = next_question(order.created_at, order.expires_at, self._clock())
        await self._units.run(_move_on, order_id, rung + _jitter(), due_at=order.due_at)

    async def _look(self, order: Order) -> None:
        if order.close_wanted_at is not None or self._clock() >= closes_at(order.expires_at):
            _ = await self._closing.close(await self._closing.want(order.id))
            return
        try:
            _ = await self._asking.ask(order)
        except OrderNotFound:
            _ = await self._closing.note_missing(order)  # its prepay never arrived, or not yet

    def _rarely(self, order: Order) -> timedelta:
        """The rarer, the longer an order has been over that WeChat does not know, and that an incident tells of."""
        overdue = self._clock() - closes_at(order.expires_at) - _MAY_STILL_APPEAR
        return min(max(ASK_AGAIN, overdue / 4), _LONGEST)

    async def _again(self, order: Order, wait: timedelta) -> None:
        await self._units.run(_move_on, order.id, self._clock() + wait + _jitter())


def _jitter() -> timedelta:
    return _JITTER * random.random()  # noqa: S311  (to spread, not to hide)


async def _get(order_id: str) -> Order:
    return await Order.get(id=order_id)


async def _move_on(order_id: str, moment: datetime, **only: datetime | None) -> None:
    """Only an open order is due again; with `due_at`, one that nobody wanted to be looked at sooner meanwhile."""
    _ = await Order.filter(id=order_id, status=OrderStatus.PENDING, held_at=None, **only).update(due_at=moment)
    _ = await Order.filter(id=order_id).exclude(Q(status=OrderStatus.PENDING, held_at=None)).update(due_at=None)
