"""An order that stands in the way of a call, as data."""

from typing import Any

import strawberry
from strawberry.schema import ExceptionHandler

from domain import problems
from schema.common.problems import Problem
from schema.orders.order import Order
from services.orders.views import OrderView


@strawberry.type(description="The order stands in a state that does not allow the call.")
class OrderProblem(Problem):
    """See `domain.problems.OrderProblem`."""

    order: Order


class OrderProblemHandler(ExceptionHandler[problems.OrderProblem, OrderProblem]):
    """Answers a raised OrderProblem as data; raises TypeError where its order is no view of one."""

    def handle(self, exception: problems.OrderProblem, **_: Any) -> OrderProblem:
        """The same as a GraphQL type."""
        if not isinstance(exception.order, OrderView):
            raise TypeError("OrderProblem.order must be a view of an order")
        return OrderProblem(
            code=exception.code,
            message=exception.message,
            recovery=exception.recovery,
            order=Order.from_view(exception.order),
        )


ORDER_HANDLERS = (OrderProblemHandler(),)
