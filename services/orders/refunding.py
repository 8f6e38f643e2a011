"""`refundOrder`: an operator's refund, answered with the order as it is then."""

from dataclasses import dataclass

from domain.problems import OrderProblem, ProblemCode
from models.payments import Refund
from services.accounts.sessions import Viewer
from services.orders.views import Onlooker, OrderView, OrderViews
from services.payments.refunds import RefundNotAllowedError, Refunds, checked


@dataclass(frozen=True)
class Refunding:
    """The mutation; raises Unavailable when the database does not answer."""

    refunds: Refunds
    views: OrderViews

    async def refund(
        self, viewer: Viewer, order_id: str, amount: int | None, reason: str | None, idempotency_key: str
    ) -> tuple[Refund, OrderView]:
        """`amount` in fen, None for the rest. Raises InvalidInput, Refusal, WeChatProblem, OrderProblem."""
        wanted = checked(order_id, amount, reason, idempotency_key)
        try:
            refund = await self.refunds.refund(viewer, wanted)
        except RefundNotAllowedError as error:
            view = await self.views.one(order_id, Onlooker.of(viewer))
            raise OrderProblem(ProblemCode.REFUND_NOT_ALLOWED, error.message, view) from None
        return refund, await self.views.one(order_id, Onlooker.of(viewer))
