"""Closing: wanted first, then done at WeChat, then here; no order closes here that could still be paid there."""

import logging
from datetime import datetime

from tortoise.expressions import Q

from domain.clock import Clock
from domain.incidents import IncidentKind
from domain.orders import ASK_AGAIN, OrderStatus
from domain.problems import WeChatProblem
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.incidents import record_again
from services.orders.closing_rows import NEVER_PREPARED, close_row, no_attempt_since
from services.payments.asking import Asking
from services.payments.pay_access import PayAccess
from services.wechat_problems import log_failure
from wechat.errors import StillUnknown, Unavailable, WeChatError
from wechat.pay.errors import OrderNotFound, PayRefused

logger = logging.getLogger(__name__)


class Closing:
    """Closes orders that nobody paid."""

    def __init__(self, units: UnitsOfWork, access: PayAccess, asking: Asking, clock: Clock) -> None:
        self._units = units
        self._access = access
        self._asking = asking
        self._clock = clock

    async def want(self, order_id: str) -> Order:
        """From then on no prepay_id leaves this server; the order as it is then. Changes only a pending one."""
        return await self._units.run(_want, order_id, self._clock())

    async def close(self, order: Order) -> Order:
        """Asks WeChat to close an order whose closing is wanted; the order as it is then, which may be paid.

        Raises a WeChatError or WeChatProblem when it is still open, because WeChat gave no answer to rely on, or the
        user is just paying, StillUnknown when WeChat knows of no such order; it is asked again later.
        """
        if order.status == OrderStatus.PENDING and order.held_at is None:
            try:
                await self._close(order)
            except (WeChatError, WeChatProblem):
                await self._units.run(_ask_at, order.id, self._clock() + ASK_AGAIN)
                raise
        return await self._units.read(_get, order.id)

    async def note_missing(self, asked: Order) -> Order:
        """WeChat does not know the order: an incident where it had given a prepay_id for it. The order as it is now.

        `asked` is the order as it was before WeChat was asked: a prepay may have arrived since.
        """
        row = await self._units.read(_get, asked.id)
        if asked.prepay_id is not None and row.status == OrderStatus.PENDING:
            await self._units.run_again_if_raced(
                record_again, IncidentKind.ORDER_MISSING_AT_WECHAT, row.id, self._clock()
            )
        return row

    async def close_again(self, number: str) -> None:
        """Once more at WeChat, for an order that is closed here and for which a late prepay was answered."""
        try:
            await self._access.pay().close(number)
        except WeChatError as error:
            log_failure(error)

    async def _close(self, order: Order) -> None:
        asked_at = self._clock()
        try:
            await self._access.pay().close(order.number)
        except OrderNotFound:
            await self._close_unknown(order, asked_at)
        except PayRefused as refusal:
            await self._ask_instead(order, asked_at, refusal)
        else:
            await self._units.run_again_if_raced(_closed_at_wechat, order.id, self._clock())

    async def _ask_instead(self, order: Order, asked_at: datetime, refusal: PayRefused) -> None:
        """WeChat refuses to close what is paid, and what is closed already: its books say which."""
        try:
            await self._asking.ask(order)
        except OrderNotFound:
            await self._close_unknown(order, asked_at)
        row = await self._units.read(_get, order.id)
        if row.status == OrderStatus.PENDING and row.held_at is None:
            log_failure(refusal)
            raise Unavailable("close", "refused, and the order is neither paid nor closed there")

    async def _close_unknown(self, order: Order, asked_at: datetime) -> None:
        """WeChat does not know the order: closed here where it never can have, an incident where it must."""
        guards = (NEVER_PREPARED, no_attempt_since(asked_at))
        if await self._units.run_again_if_raced(_close_if, order.id, self._clock(), guards):
            return
        if (await self.note_missing(order)).status == OrderStatus.PENDING:
            raise StillUnknown("close")


async def _want(order_id: str, now: datetime) -> Order:
    free = Order.filter(id=order_id, status=OrderStatus.PENDING, held_at=None, close_wanted_at=None)
    _ = await free.update(close_wanted_at=now, due_at=now)
    return await Order.get(id=order_id)


async def _closed_at_wechat(order_id: str, now: datetime) -> None:
    await close_row(order_id, now, Q(held_at=None), trade_state="CLOSED")


async def _close_if(order_id: str, now: datetime, guards: tuple[Q, ...]) -> bool:
    return await close_row(order_id, now, Q(held_at=None), *guards)


async def _ask_at(order_id: str, moment: datetime) -> None:
    _ = await Order.filter(id=order_id, status=OrderStatus.PENDING, held_at=None).update(due_at=moment)


async def _get(order_id: str) -> Order:
    return await Order.get(id=order_id)
