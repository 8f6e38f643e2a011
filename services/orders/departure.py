"""What somebody who deletes the account has to do with orders: unpaid ones are closed, all are stripped."""

from domain.orders import OrderStatus
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.orders.closing import Closing
from services.orders.stripping import Stripped, Stripping
from services.wechat_problems import answered_as_problem


class DepartingBuyer:
    """Closes and strips the orders of somebody who leaves."""

    def __init__(self, units: UnitsOfWork, closing: Closing, stripping: Stripping) -> None:
        self._units = units
        self._closing = closing
        self._stripping = stripping

    async def close_unpaid(self, user_id: str) -> None:
        """Closes every unpaid order at WeChat first; raises WeChatProblem for one that cannot be closed now."""
        for order_id in await self._units.read(_unpaid, user_id):
            with answered_as_problem():
                _ = await self._closing.close(await self._closing.want(order_id))

    async def strip_ahead(self, user_id: str, stripped: Stripped) -> None:
        """Takes the person out of what is over, in units of their own, so that the last one is short."""
        await self._stripping.ahead(user_id, stripped)

    async def leave(self, user_id: str, stripped: Stripped) -> bool:
        """Takes the openid and all words of the person out of what is left; inside the unit that deletes the account.

        False, and nothing is done, while an order can still be paid or too much is left for one unit.
        """
        return not await _unpaid(user_id) and await self._stripping.rest(user_id, stripped)


async def _unpaid(user_id: str) -> list[str]:
    """Held orders are out of it: the operator decides about their money."""
    pending = Order.filter(user_id=user_id, status=OrderStatus.PENDING, held_at=None)
    return [order.id for order in await pending.order_by("id")]
