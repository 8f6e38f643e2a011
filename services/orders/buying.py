"""What a buyer does with orders: create, pay, sync and cancel, as the contract's mutations answer it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from domain.ids import Prefix, is_id
from domain.orders import OrderStatus
from domain.problems import OrderProblem, ProblemCode, Refusal
from models.orders import Order
from models.unit_of_work import UnitsOfWork
from services.accounts.sessions import Viewer
from services.orders.closing import Closing
from services.orders.inputs import checked
from services.orders.placing import Placing
from services.orders.prepaying import NotPayableError, Prepaying, is_open
from services.orders.syncing import Syncing
from services.orders.views import Onlooker, OrderView, OrderViews
from services.payments.pay_access import PayAccess
from services.wechat_problems import answered_as_problem
from wechat.pay.results import PaymentParams


@dataclass(frozen=True)
class Payable:
    """An order and what wx.requestPayment takes for it."""

    view: OrderView
    params: PaymentParams = field(repr=False)


@dataclass(frozen=True)
class Buying:
    """The mutations; each raises Unavailable when the database does not answer."""

    units: UnitsOfWork
    access: PayAccess
    placing: Placing
    prepaying: Prepaying
    closing: Closing
    syncing: Syncing
    views: OrderViews

    async def create(
        self,
        viewer: Viewer,
        items: Sequence[tuple[str, int]],
        idempotency_key: str,
        expected_total: int | None,
        remark: str | None,
    ) -> Payable:
        """The order of this key with parameters that are valid now.

        Raises InvalidInput, Refusal, PriceChanged, ProductUnavailable, OutOfStock, WeChatProblem, and OrderProblem for
        an order of this key that can no longer be paid.
        """
        wanted = checked(items, idempotency_key, expected_total, remark)
        self.access.pay()
        return await self._payable(viewer, await self.placing.place(viewer, wanted))

    async def pay(self, viewer: Viewer, order_id: str) -> Payable:
        """Fresh parameters for an own order. Raises Refusal ORDER_NOT_FOUND, OrderProblem, WeChatProblem."""
        return await self._payable(viewer, await self._own(viewer, order_id))

    async def sync(self, viewer: Viewer, order_id: str) -> OrderView:
        """As WeChat says it is now; an operator may ask about any. Raises Refusal ORDER_NOT_FOUND, WeChatProblem."""
        order = await self._own(viewer, order_id, any_for_operators=True)
        await self.syncing.sync(order)
        return await self.views.one(order.id, Onlooker.of(viewer))

    async def cancel(self, viewer: Viewer, order_id: str) -> OrderView:
        """The order, closed at WeChat and here. Raises Refusal ORDER_NOT_FOUND, OrderProblem, WeChatProblem."""
        order = await self._own(viewer, order_id)
        if order.status == OrderStatus.PENDING and order.held_at is None:
            with answered_as_problem():
                order = await self.closing.close(await self.closing.want(order.id))
        view = await self.views.one(order.id, Onlooker.of(viewer))
        if view.order.status != OrderStatus.CLOSED:
            message = "The order can no longer be cancelled."
            raise OrderProblem(ProblemCode.ORDER_NOT_CANCELLABLE, message, view)
        return view

    async def _payable(self, viewer: Viewer, order: Order) -> Payable:
        """Parameters fit the mini program that the order was made in, and no other of the user's."""
        params = None
        if order.appid == viewer.identity.appid:
            with suppress(NotPayableError):
                params = await self.prepaying.parameters(order)
        view = await self.views.one(order.id, Onlooker.of(viewer))
        if params is None or not is_open(view.order):
            raise OrderProblem(ProblemCode.ORDER_NOT_PAYABLE, "The order cannot be paid now.", view)
        return Payable(view, params)

    async def _own(self, viewer: Viewer, order_id: str, *, any_for_operators: bool = False) -> Order:
        order = await self.units.read(_find, order_id) if is_id(Prefix.ORDER, order_id) else None
        may_see = order is not None and (
            order.user_id == viewer.user.id or (any_for_operators and viewer.user.is_operator)
        )
        if order is None or not may_see:
            raise Refusal(ProblemCode.ORDER_NOT_FOUND, "There is no such order.")
        return order


async def _find(order_id: str) -> Order | None:
    return await Order.filter(id=order_id).first()
