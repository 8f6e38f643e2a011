"""The catalogue: anybody sees what is for sale, operators see and change all of it."""

from collections.abc import Mapping
from typing import Any

from domain.catalogue import StockChange
from domain.ids import Prefix
from domain.pages import Page, read_after, read_first
from models.catalogue import Product
from resolvers.context import Context


async def products(context: Context, first: int | None, after: str | None) -> Page[Product]:
    """Public: a token that is not live is ignored. Raises BadRequest."""
    cursor = read_after(Prefix.PRODUCT, after)
    return await context.services.products.page(read_first(first), cursor, all_of_them=context.is_operator)


async def product(context: Context, product_id: str) -> Product | None:
    """Public: a token that is not live is ignored."""
    return await context.services.products.by_id(product_id, all_of_them=context.is_operator)


async def create_product(context: Context, key: str, fields: Mapping[str, Any]) -> Product:
    """Raises Unauthenticated, Forbidden, InvalidInput, Refusal."""
    return await context.services.products.create(context.operator(), key, fields)


async def update_product(
    context: Context, product_id: str, fields: Mapping[str, Any], stock: StockChange | None
) -> Product:
    """Raises Unauthenticated, Forbidden, InvalidInput, Refusal."""
    return await context.services.products.update(context.operator(), product_id, fields, stock)
