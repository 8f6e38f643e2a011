"""What a join of two users means for the catalogue: the products of both have one operator, and no key stands twice."""

from tortoise.expressions import Subquery

from domain.catalogue import JOINED_KEY
from models.catalogue import Product


async def tell_keys_apart(younger_id: str, older_id: str) -> None:
    """To be called before the products of the younger move: a key that both used stays the older's.

    The younger's product is told apart by its id, so that a repeat with the key finds the older's.
    """
    olders_keys = Product.filter(operator_id=older_id, idempotency_key__isnull=False).values("idempotency_key")
    both = Product.filter(operator_id=younger_id, idempotency_key__in=Subquery(olders_keys))
    for product_id in await both.values_list("id", flat=True):
        await Product.filter(id=product_id).update(idempotency_key=f"{JOINED_KEY}{product_id}")
