"""Closing an order in the database: its state, its stock and the user's counter in one unit."""

from datetime import datetime

from tortoise.expressions import Q

from domain.orders import OrderStatus
from models.orders import Order
from models.unit_of_work import RacedError
from services.orders.stock import give_back
from services.orders.unpaid import one_less

NEVER_PREPARED = Q(prepay_id=None, close_wanted_at__isnull=False)
"""WeChat gave no prepay_id that left this server, and none will: what WeChat does not know was never there."""


def no_attempt_since(moment: datetime) -> Q:
    """No prepay was under way at that moment, nor can one have begun since, once closing is wanted."""
    return Q(attempt_until=None) | Q(attempt_until__lte=moment)


async def close_row(order_id: str, now: datetime, *guards: Q, trade_state: str | None = None) -> bool:
    """Closes a pending order that fulfils the guards, and gives its stock back; False when there is no such.

    Inside a unit that is run again if raced. `trade_state` is WeChat's word, where it said one.
    """
    pending = Order.filter(*guards, id=order_id, status=OrderStatus.PENDING)
    order = await pending.first()
    if order is None:
        return False
    await one_less(order.user_id)
    said = {"trade_state": trade_state} if trade_state else {}
    unchanged = Order.filter(*guards, id=order_id, user_id=order.user_id, status=OrderStatus.PENDING)
    if not await unchanged.update(status=OrderStatus.CLOSED, closed_at=now, due_at=None, **said):
        raise RacedError
    await give_back(order_id)
    return True
