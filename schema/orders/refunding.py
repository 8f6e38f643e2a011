"""`refundOrder`: what operators do with money that was paid."""

from typing import Annotated

import strawberry
from strawberry import UNSET, Info

from resolvers import orders
from resolvers.context import Context
from schema.common.inputs import or_none
from schema.common.problems import InvalidInput, Refusal, WeChatProblem
from schema.orders.order import Order
from schema.orders.problems import OrderProblem
from schema.orders.refund import Refund


@strawberry.input
class RefundOrderInput:
    """What `refundOrder` takes."""

    order_id: strawberry.ID
    amount: int | None = strawberry.field(default=UNSET, description="In fen; the rest of the order when left out.")
    reason: str | None = strawberry.field(default=UNSET, description="The payer reads it; at most 80 bytes of UTF-8.")
    idempotency_key: str = strawberry.field(
        description="At most 64 characters. The same key with the same input gives the same refund, for ever."
    )


@strawberry.type
class RefundOrderSuccess:
    """The amount is reserved; WeChat is asked until it answers."""

    refund: Refund
    order: Order


RefundOrderResult = Annotated[
    RefundOrderSuccess | InvalidInput | WeChatProblem | Refusal | OrderProblem, strawberry.union("RefundOrderResult")
]


async def _refund_order(
    info: Info[Context, None],
    input: RefundOrderInput,  # noqa: A002  (the contract's name)
) -> RefundOrderResult | None:
    refund, view = await orders.refund_order(
        info.context, input.order_id, or_none(input.amount), or_none(input.reason), input.idempotency_key
    )
    return RefundOrderSuccess(refund=Refund.from_row(refund), order=Order.from_view(view))


@strawberry.type
class RefundingMutation:
    """The root mutations of operators about money."""

    refund_order: RefundOrderResult | None = strawberry.field(resolver=_refund_order, description="Operators only.")
