"""What a join of two users means for orders: all of them stay, and a key that both used keeps its first owner."""

from tortoise.expressions import F, Subquery

from domain.orders import JOINED_KEY
from models.accounts import User
from models.orders import Order


async def combine_orders(younger_id: str, older_id: str) -> None:
    """Makes the younger's orders movable and counts their unpaid ones for the older, whatever the limit says.

    Inside a unit that holds both users; the rows themselves are moved with everything else.
    """
    taken = Order.filter(user_id=older_id).values("idempotency_key")
    both = Order.filter(user_id=younger_id, idempotency_key__in=Subquery(taken))
    for order_id in await both.values_list("id", flat=True):
        _ = await Order.filter(id=order_id).update(idempotency_key=f"{JOINED_KEY}{order_id}")
    younger = await User.get(id=younger_id)
    _ = await User.filter(id=older_id).update(unpaid_orders=F("unpaid_orders") + younger.unpaid_orders)
    _ = await User.filter(id=younger_id).update(unpaid_orders=0)
