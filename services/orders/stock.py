"""Stock: taken when an order is placed, given back when it is closed, by conditional updates alone.

Inside units; rows are touched in the order of their ids, so that two orders never wait for each other.
"""

from collections.abc import Mapping, Sequence

from tortoise.expressions import F

from domain.problems import OutOfStock
from models.catalogue import Product
from models.orders import OrderItem
from models.unit_of_work import RacedError


async def take(products: Sequence[Product], quantities: Mapping[str, int]) -> set[str]:
    """The ids of the products whose stock is counted, each less by its quantity.

    Raises OutOfStock, and RacedError where a product is no longer counted.
    """
    taken = set()
    for product in sorted(products, key=lambda product: product.id):
        if product.stock is None:
            continue
        wanted = quantities[product.id]
        enough = Product.filter(id=product.id, stock__gte=wanted)
        if not await enough.update(stock=F("stock") - wanted):
            row = await Product.get(id=product.id)
            if row.stock is None:
                raise RacedError
            raise OutOfStock(row, row.stock)
        taken.add(product.id)
    return taken


async def give_back(order_id: str) -> None:
    """What the order took; nothing where stock is no longer counted."""
    for item in await OrderItem.filter(order_id=order_id, stock_taken=True).order_by("product_id"):
        counted = Product.filter(id=item.product_id, stock__isnull=False)
        _ = await counted.update(stock=F("stock") + item.quantity)
