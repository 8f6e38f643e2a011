"""What a deleted account leaves behind of its orders: numbers, amounts and times, as the law wants them kept."""

import json
from typing import Any

from domain.orders import OrderStatus
from models.encryption import Cipher
from models.notices import Notice
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.orders.closing import Closing
from services.wechat_problems import answered_as_problem


class DepartingBuyer:
    """Closes and strips the orders of somebody who leaves."""

    def __init__(self, units: UnitsOfWork, closing: Closing, cipher: Cipher) -> None:
        self._units = units
        self._closing = closing
        self._cipher = cipher

    async def close_unpaid(self, user_id: str) -> None:
        """Closes every unpaid order at WeChat first; raises WeChatProblem for one that cannot be closed now."""
        for order_id in await self._units.read(_unpaid, user_id):
            with answered_as_problem():
                _ = await self._closing.close(await self._closing.want(order_id))

    async def has_unpaid(self, user_id: str) -> bool:
        """Whether an order can still be paid; inside the unit that deletes the account."""
        return bool(await _unpaid(user_id))

    async def strip(self, user_id: str) -> None:
        """Takes the openid and all words of the person out of orders and notifications; inside a unit."""
        for order in await Order.filter(user_id=user_id):
            kept = {"number": order.number, "total": order.total, "createdAt": order.created_at.isoformat()}
            _ = await Order.filter(id=order.id).update(prepay_body=self._seal(kept), remark=None)
            for notice in await Notice.filter(order_id=order.id):
                kept = {"number": order.number, "event": notice.event_type, "at": notice.received_at.isoformat()}
                _ = await Notice.filter(id=notice.id).update(body=self._seal(kept))

    def _seal(self, kept: dict[str, Any]) -> str:
        return self._cipher.seal(json.dumps(kept))


async def _unpaid(user_id: str) -> list[str]:
    """Held orders are out of it: the operator decides about their money."""
    pending = Order.filter(user_id=user_id, status=OrderStatus.PENDING, held_at=None)
    return [order.id for order in await pending.order_by("id")]
