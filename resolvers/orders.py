"""Orders: buyers see and pay their own, operators see all and give money back."""

from collections.abc import Sequence

from domain.ids import Prefix
from domain.orders import OrderStatus
from domain.pages import Page, read_after, read_first
from domain.problems import BadRequest
from models.accounts import User
from models.payments import Refund
from resolvers.context import Context
from services.orders.buying import Payable
from services.orders.views import Onlooker, OrderView


async def order(context: Context, order_id: str | None, number: str | None) -> OrderView | None:
    """Raises Unauthenticated, and BadRequest unless exactly one of both is given."""
    onlooker = Onlooker.of(context.signed_in())
    if (order_id is None) == (number is None):
        raise BadRequest("Give exactly one of `id` and `number`.")
    reading = context.services.orders
    return await (
        reading.by_id(onlooker, order_id) if order_id is not None else reading.by_number(onlooker, number or "")
    )


async def orders(
    context: Context, first: int | None, after: str | None, status: Sequence[OrderStatus] | None
) -> Page[OrderView]:
    """Everybody's. Raises Unauthenticated, Forbidden, BadRequest."""
    onlooker = Onlooker.of(context.operator())
    return await context.services.orders.all(onlooker, read_first(first), read_after(Prefix.ORDER, after), status)


async def own_orders(
    context: Context,
    user: User,
    appid: str | None,
    first: int | None,
    after: str | None,
    status: Sequence[OrderStatus] | None,
) -> Page[OrderView]:
    """Those of the user that the caller is, or has just become in the mini program `appid`. Raises BadRequest."""
    here = appid or (context.viewer.identity.appid if context.viewer else "")
    onlooker = Onlooker(user.id, here, user.is_operator)
    return await context.services.orders.own(onlooker, read_first(first), read_after(Prefix.ORDER, after), status)


async def create_order(
    context: Context,
    items: Sequence[tuple[str, int]],
    idempotency_key: str,
    expected_total: int | None,
    remark: str | None,
) -> Payable:
    """Raises Unauthenticated, InvalidInput, Refusal, WeChatProblem, OrderProblem and what a product stands against."""
    return await context.services.buying.create(context.signed_in(), items, idempotency_key, expected_total, remark)


async def pay_order(context: Context, order_id: str) -> Payable:
    """Raises Unauthenticated, Refusal, WeChatProblem, OrderProblem."""
    return await context.services.buying.pay(context.signed_in(), order_id)


async def sync_order(context: Context, order_id: str) -> OrderView:
    """Raises Unauthenticated, Refusal, WeChatProblem."""
    return await context.services.buying.sync(context.signed_in(), order_id)


async def cancel_order(context: Context, order_id: str) -> OrderView:
    """Raises Unauthenticated, Refusal, WeChatProblem, OrderProblem."""
    return await context.services.buying.cancel(context.signed_in(), order_id)


async def refund_order(
    context: Context, order_id: str, amount: int | None, reason: str | None, idempotency_key: str
) -> tuple[Refund, OrderView]:
    """Raises Unauthenticated, Forbidden, InvalidInput, Refusal, WeChatProblem, OrderProblem."""
    return await context.services.refunding.refund(context.operator(), order_id, amount, reason, idempotency_key)
