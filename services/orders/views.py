"""Orders as somebody sees them: the row with its lines, payment and refunds, loaded by a fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.clock import Clock
from domain.orders import OrderStatus
from domain.payments import PaymentKind
from models.accounts import User
from models.catalogue import Product
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from models.unit_of_work import UnitsOfWork
from services.accounts.sessions import Viewer
from services.orders.prepaying import is_payable


@dataclass(frozen=True)
class Onlooker:
    """Who looks at orders, and in which mini program."""

    user_id: str
    appid: str
    is_operator: bool

    @classmethod
    def of(cls, viewer: Viewer) -> "Onlooker":
        """The viewer of a request."""
        return cls(viewer.user.id, viewer.identity.appid, viewer.user.is_operator)


@dataclass(frozen=True)
class OrderLine:
    """A line; `product` is None once it is no longer for sale."""

    item: OrderItem
    product: Product | None


@dataclass(frozen=True)
class PaymentView:
    """WeChat's last word, and the transaction where there is one."""

    trade_state: str
    transaction_id: str | None
    paid_at: datetime | None


@dataclass(frozen=True)
class OrderView:
    """An order and what the viewer can do with it; `buyer` is there for operators alone."""

    order: Order
    lines: Sequence[OrderLine]
    payment: PaymentView | None
    refunds: Sequence[Refund]
    can_pay: bool
    can_cancel: bool
    buyer: User | None


class OrderViews:
    """Loads what belongs to orders; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def of(self, orders: Sequence[Order], onlooker: Onlooker) -> list[OrderView]:
        """In the same order; four statements however many there are, one more for an operator."""
        return await self._units.read(self._load, orders, onlooker)

    async def one(self, order_id: str, onlooker: Onlooker) -> OrderView:
        """The order as it is now; for one that is known to exist."""
        [view] = await self._units.read(self._fresh, order_id, onlooker)
        return view

    async def _fresh(self, order_id: str, onlooker: Onlooker) -> list[OrderView]:
        return await self._load([await Order.get(id=order_id)], onlooker)

    async def _load(self, orders: Sequence[Order], onlooker: Onlooker) -> list[OrderView]:
        ids = [order.id for order in orders]
        if not ids:
            return []
        lines, payments, refunds = defaultdict(list), defaultdict(list), defaultdict(list)
        for item in await OrderItem.filter(order_id__in=ids).select_related("product").order_by("place"):
            lines[item.order_id].append(OrderLine(item, item.product if item.product.for_sale else None))
        for payment in await Payment.filter(order_id__in=ids).order_by("id"):
            payments[payment.order_id].append(payment)
        for refund in await Refund.filter(order_id__in=ids).order_by("id"):
            refunds[refund.order_id].append(refund)
        buyers = await _buyers(orders) if onlooker.is_operator else {}
        return [
            self._view(order, lines[order.id], payments[order.id], refunds[order.id], buyers, onlooker)
            for order in orders
        ]

    def _view(
        self,
        order: Order,
        lines: Sequence[OrderLine],
        payments: Sequence[Payment],
        refunds: Sequence[Refund],
        buyers: dict[str, User],
        onlooker: Onlooker,
    ) -> OrderView:
        is_own = order.user_id == onlooker.user_id
        is_from_here = order.appid == onlooker.appid
        is_free = order.status == OrderStatus.PENDING and order.held_at is None
        return OrderView(
            order=order,
            lines=lines,
            payment=_payment(order, payments),
            refunds=refunds,
            can_pay=is_own and is_from_here and is_payable(order, self._clock()),
            can_cancel=is_own and is_free,
            buyer=buyers.get(order.user_id),
        )


async def _buyers(orders: Sequence[Order]) -> dict[str, User]:
    return {user.id: user for user in await User.filter(id__in=list({order.user_id for order in orders}))}


def _payment(order: Order, payments: Sequence[Payment]) -> PaymentView | None:
    """The payment that counts, or the one that came too late."""
    if order.trade_state is None:
        return None
    shown = next((payment for payment in payments if payment.kind == PaymentKind.ORDER), None) or next(
        iter(payments), None
    )
    return PaymentView(
        order.trade_state,
        shown.transaction_id if shown else None,
        shown.paid_at if shown else None,
    )
