"""Asking WeChat about an order, and settling what it says."""

from collections.abc import Callable

from domain.problems import ProblemCode, WeChatProblem
from models.orders import Order
from services.payments.pay_access import PayAccess
from services.payments.settling import ForeignPaymentError, Settled, Settling, UnknownOrderError

_ANOTHER = "WeChat answered about another order; nothing was changed."

Begin = Callable[[str], None]
"""Begins to pursue a refund in the background."""


class Asking:
    """Queries by trade number. `begin_refund` is told of each system refund that an answer makes necessary."""

    def __init__(self, access: PayAccess, settling: Settling, begin_refund: Begin) -> None:
        self._access = access
        self._settling = settling
        self._begin_refund = begin_refund

    async def ask(self, order: Order) -> Settled:
        """Raises WeChatError: OrderNotFound where WeChat knows none; WeChatProblem for an answer about another."""
        news = await self._access.pay().query(order.number)
        if news.out_trade_no != order.number:
            raise WeChatProblem(ProblemCode.WECHAT_UNAVAILABLE, _ANOTHER)
        try:
            settled = await self._settling.settle(news)
        except (UnknownOrderError, ForeignPaymentError):
            raise WeChatProblem(ProblemCode.WECHAT_UNAVAILABLE, _ANOTHER) from None
        for refund_id in settled.refund_ids:
            self._begin_refund(refund_id)
        return settled
