"""Orders: created, paid, synced and cancelled by their buyer."""

from typing import Annotated

import strawberry
from strawberry import UNSET, Info

from domain.orders import OrderStatus
from domain.pages import DEFAULT_FIRST
from resolvers import orders
from resolvers.context import Context
from schema.catalogue.problems import OutOfStock, PriceChanged, ProductUnavailable
from schema.common.inputs import or_none
from schema.common.problems import InvalidInput, Refusal, WeChatProblem
from schema.orders.order import Order, OrderConnection
from schema.orders.problems import OrderProblem
from wechat.pay.results import PaymentParams as Params


@strawberry.type(description="Pass as it is to `wx.requestPayment`.")
class PaymentParams:
    """Signed for one order and moment."""

    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str

    @classmethod
    def from_params(cls, params: Params) -> "PaymentParams":
        """The same as a GraphQL type."""
        return cls(
            time_stamp=params.time_stamp,
            nonce_str=params.nonce_str,
            package=params.package,
            sign_type=params.sign_type,
            pay_sign=params.pay_sign,
        )


@strawberry.input
class OrderItemInput:
    """A line of an order."""

    product_id: strawberry.ID
    quantity: int = strawberry.field(description="1 to 999, all lines of a product together.")


@strawberry.input
class CreateOrderInput:
    """What `createOrder` takes."""

    items: list[OrderItemInput] = strawberry.field(description="1 to 50 lines.")
    idempotency_key: str = strawberry.field(
        description="Chosen by the client, at most 64 characters. The same key with the same input gives the same "
        "order, however often and however concurrently it is sent, for ever; once the order is paid or closed the "
        "answer is OrderProblem with it."
    )
    expected_total: int | None = strawberry.field(
        default=UNSET,
        description="The total the user saw, in fen; another price is answered with PriceChanged and no order.",
    )
    remark: str | None = strawberry.field(default=UNSET, description="At most 200 characters.")


@strawberry.type
class CreateOrderSuccess:
    """The order, and what the phone needs to pay it."""

    order: Order
    payment_params: PaymentParams


@strawberry.type(
    description="Fresh payment parameters for an order that is still unpaid: same trade number, same price."
)
class PayOrderSuccess:
    """The order can be paid."""

    order: Order
    payment_params: PaymentParams


@strawberry.type(
    description="The order after asking WeChat now: call it when wx.requestPayment returns, whatever it returned."
)
class SyncOrderSuccess:
    """What WeChat says is known here."""

    order: Order


@strawberry.type
class CancelOrderSuccess:
    """The order is closed, at WeChat too."""

    order: Order


CreateOrderResult = Annotated[
    CreateOrderSuccess
    | InvalidInput
    | WeChatProblem
    | Refusal
    | OrderProblem
    | PriceChanged
    | ProductUnavailable
    | OutOfStock,
    strawberry.union("CreateOrderResult"),
]
PayOrderResult = Annotated[
    PayOrderSuccess | InvalidInput | WeChatProblem | Refusal | OrderProblem, strawberry.union("PayOrderResult")
]
SyncOrderResult = Annotated[
    SyncOrderSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("SyncOrderResult")
]
CancelOrderResult = Annotated[
    CancelOrderSuccess | InvalidInput | WeChatProblem | Refusal | OrderProblem, strawberry.union("CancelOrderResult")
]


async def _order(
    info: Info[Context, None],
    id: strawberry.ID | None = UNSET,  # noqa: A002  (the contract's name)
    number: str | None = UNSET,
) -> Order | None:
    view = await orders.order(info.context, or_none(id), or_none(number))
    return Order.from_view(view) if view else None


async def _orders(
    info: Info[Context, None],
    first: int | None = DEFAULT_FIRST,
    after: str | None = UNSET,
    status: list[OrderStatus] | None = UNSET,
) -> OrderConnection | None:
    return OrderConnection.from_page(await orders.orders(info.context, first, or_none(after), or_none(status)))


async def _create_order(
    info: Info[Context, None],
    input: CreateOrderInput,  # noqa: A002  (the contract's name)
) -> CreateOrderResult | None:
    payable = await orders.create_order(
        info.context,
        [(str(item.product_id), item.quantity) for item in input.items],
        input.idempotency_key,
        or_none(input.expected_total),
        or_none(input.remark),
    )
    order = Order.from_view(payable.view)
    return CreateOrderSuccess(order=order, payment_params=PaymentParams.from_params(payable.params))


async def _pay_order(info: Info[Context, None], order_id: strawberry.ID) -> PayOrderResult | None:
    payable = await orders.pay_order(info.context, order_id)
    order = Order.from_view(payable.view)
    return PayOrderSuccess(order=order, payment_params=PaymentParams.from_params(payable.params))


async def _sync_order(info: Info[Context, None], order_id: strawberry.ID) -> SyncOrderResult | None:
    return SyncOrderSuccess(order=Order.from_view(await orders.sync_order(info.context, order_id)))


async def _cancel_order(info: Info[Context, None], order_id: strawberry.ID) -> CancelOrderResult | None:
    return CancelOrderSuccess(order=Order.from_view(await orders.cancel_order(info.context, order_id)))


@strawberry.type
class OrdersQuery:
    """The root fields about orders."""

    order: Order | None = strawberry.field(
        resolver=_order,
        description="One of the viewer's own orders; any order for an operator. By id or by number.",
    )
    orders: OrderConnection | None = strawberry.field(
        resolver=_orders, description="Every order, newest first. Operators only."
    )


@strawberry.type
class BuyingMutation:
    """The root mutations of buyers."""

    create_order: CreateOrderResult | None = strawberry.field(
        resolver=_create_order,
        description="Takes the stock, makes the order and its prepayment at WeChat. After WECHAT_UNAVAILABLE the "
        "order stands: send the same input with the same key again.",
    )
    pay_order: PayOrderResult | None = strawberry.field(
        resolver=_pay_order, description="Parameters for another try of wx.requestPayment."
    )
    sync_order: SyncOrderResult | None = strawberry.field(
        resolver=_sync_order,
        description="Asks WeChat, at most once in two seconds for an order; who asks meanwhile shares the answer.",
    )
    cancel_order: CancelOrderResult | None = strawberry.field(
        resolver=_cancel_order,
        description="Closes an unpaid order, at WeChat first. WECHAT_UNAVAILABLE: it is being closed; ask again.",
    )
