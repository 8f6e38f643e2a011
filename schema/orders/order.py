"""An order, its lines and its payment, as its buyer and operators see it."""

from datetime import datetime

import strawberry

from domain.orders import OrderStatus
from domain.pages import Cursor, Page
from schema.catalogue.product import Product
from schema.common.enums import register_enum
from schema.common.money import Money
from schema.common.node import Node
from schema.common.pages import PageInfo
from schema.common.profile import Profile
from schema.orders.refund import Refund
from services.orders.views import OrderLine, OrderView, PaymentView

register_enum(
    OrderStatus,
    {
        OrderStatus.PENDING: "Not paid yet.",
        OrderStatus.PAID: "Paid.",
        OrderStatus.CLOSED: "Cancelled or expired without a payment; never revived.",
        OrderStatus.PARTIALLY_REFUNDED: "Paid, and a part of the money went back.",
        OrderStatus.REFUNDED: "Paid, and all of the money went back.",
    },
)


@strawberry.type
class OrderItem:
    """A line of an order, with title and price as sold."""

    title: str
    unit_price: Money
    quantity: int
    subtotal: Money
    product: Product | None = strawberry.field(description="Null when it is no longer for sale.")

    @classmethod
    def from_line(cls, line: OrderLine) -> "OrderItem":
        """The line as it was sold, and the product as it is now."""
        item = line.item
        return cls(
            title=item.title,
            unit_price=Money.from_fen(item.unit_price),
            quantity=item.quantity,
            subtotal=Money.from_fen(item.unit_price * item.quantity),
            product=Product.from_row(line.product) if line.product else None,
        )


@strawberry.type(description="What WeChat says of the payment.")
class Payment:
    """WeChat's last word."""

    trade_state: str = strawberry.field(description="WeChat's own word: NOTPAY, SUCCESS, REFUND, CLOSED …")
    transaction_id: str | None
    paid_at: datetime | None

    @classmethod
    def from_view(cls, view: PaymentView) -> "Payment":
        """The same as a GraphQL type."""
        return cls(trade_state=view.trade_state, transaction_id=view.transaction_id, paid_at=view.paid_at)


@strawberry.type
class Order(Node):
    """One sale."""

    number: str = strawberry.field(description="The trade number that WeChat's receipt shows.")
    status: OrderStatus = strawberry.field(description="About money alone; delivery will have a field of its own.")
    items: list[OrderItem]
    remark: str | None
    total: Money
    refunded: Money = strawberry.field(description="Refunds that succeeded, of the payment that paid the order.")
    can_pay: bool = strawberry.field(description="What the viewer can do now: pay, in this mini program.")
    can_cancel: bool = strawberry.field(description="What the viewer can do now: cancel.")
    on_hold: bool = strawberry.field(description="Something about the payment is being looked into.")
    buyer: Profile | None = strawberry.field(description="Operators only.")
    created_at: datetime
    expires_at: datetime = strawberry.field(description="When an unpaid order closes by itself.")
    paid_at: datetime | None
    closed_at: datetime | None
    payment: Payment | None = strawberry.field(description="Null as long as WeChat has said nothing.")
    refunds: list[Refund]

    @classmethod
    def from_view(cls, view: OrderView) -> "Order":
        """The order as the viewer sees it."""
        row = view.order
        return cls(
            id=strawberry.ID(row.id),
            number=row.number,
            status=OrderStatus(row.status),
            items=[OrderItem.from_line(line) for line in view.lines],
            remark=row.remark,
            total=Money.from_fen(row.total),
            refunded=Money.from_fen(row.refunded),
            can_pay=view.can_pay,
            can_cancel=view.can_cancel,
            on_hold=row.held_at is not None,
            buyer=Profile.from_row(view.buyer) if view.buyer else None,
            created_at=row.created_at,
            expires_at=row.expires_at,
            paid_at=row.paid_at,
            closed_at=row.closed_at,
            payment=Payment.from_view(view.payment) if view.payment else None,
            refunds=[Refund.from_row(refund) for refund in view.refunds],
        )


@strawberry.type
class OrderEdge:
    """An order and its place in the list."""

    cursor: str
    node: Order


@strawberry.type
class OrderConnection:
    """A page of orders."""

    edges: list[OrderEdge]
    nodes: list[Order]
    page_info: PageInfo

    @classmethod
    def from_page(cls, page: Page[OrderView]) -> "OrderConnection":
        """The page with a cursor for each of its rows."""
        edges = [OrderEdge(cursor=Cursor(view.order.id).encode(), node=Order.from_view(view)) for view in page.rows]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.from_page(page, [edge.cursor for edge in edges]),
        )
