"""How many unpaid orders a user has: a counter on the user's row, moved with the order in one unit.

The user's row comes before the order's in every unit that takes both, so that two of them never wait for each other.
"""

from tortoise.expressions import F

from domain.orders import MOST_UNPAID
from domain.problems import ProblemCode, Refusal
from models.accounts import User


async def one_more(user_id: str) -> None:
    """Counts a new order; raises Refusal TOO_MANY_UNPAID_ORDERS."""
    below = User.filter(id=user_id, unpaid_orders__lt=MOST_UNPAID)
    if not await below.update(unpaid_orders=F("unpaid_orders") + 1):
        message = f"There are {MOST_UNPAID} unpaid orders already; pay or cancel one first."
        raise Refusal(ProblemCode.TOO_MANY_UNPAID_ORDERS, message)


async def one_less(user_id: str) -> None:
    """The order is no longer unpaid; to be followed by the update of its row, or by a rollback."""
    _ = await User.filter(id=user_id).update(unpaid_orders=F("unpaid_orders") - 1)
