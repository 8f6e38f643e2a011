"""Products and pages of them, as everybody sees them."""

import strawberry
from strawberry import UNSET, Info

from domain.pages import DEFAULT_FIRST, Cursor, Page
from models.catalogue import Product as ProductRow
from resolvers import catalogue
from resolvers.context import Context
from schema.common.inputs import or_none
from schema.common.money import Money
from schema.common.node import Node
from schema.common.pages import PageInfo


def _image_url(root: "Product", info: Info[Context, None]) -> str | None:
    return info.context.shown(root.row.image_url)


@strawberry.type
class Product(Node):
    """Something that can be ordered."""

    title: str
    description: str | None
    image_url: str | None = strawberry.field(resolver=_image_url)
    price: Money
    available: int | None = strawberry.field(description="Null when stock is not counted.")
    row: strawberry.Private[ProductRow]
    for_sale: bool = strawberry.field(description="Others than operators see only what is for sale.")

    @classmethod
    def from_row(cls, row: ProductRow) -> "Product":
        """The row as it is now."""
        return cls(
            row=row,
            id=strawberry.ID(row.id),
            title=row.title,
            description=row.description,
            price=Money.from_fen(row.price),
            available=row.stock,
            for_sale=row.for_sale,
        )


@strawberry.type
class ProductEdge:
    """A product and its place in the list."""

    cursor: str
    node: Product


@strawberry.type
class ProductConnection:
    """A page of products."""

    edges: list[ProductEdge]
    nodes: list[Product]
    page_info: PageInfo

    @classmethod
    def from_page(cls, page: Page[ProductRow]) -> "ProductConnection":
        """The page with a cursor for each of its rows."""
        edges = [ProductEdge(cursor=Cursor(row.id).encode(), node=Product.from_row(row)) for row in page.rows]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.from_page(page, [edge.cursor for edge in edges]),
        )


async def _products(
    info: Info[Context, None], first: int | None = DEFAULT_FIRST, after: str | None = UNSET
) -> ProductConnection | None:
    page = await catalogue.products(info.context, first, or_none(after))
    return ProductConnection.from_page(page)


async def _product(info: Info[Context, None], id: strawberry.ID) -> Product | None:  # noqa: A002  (the contract's name)
    row = await catalogue.product(info.context, id)
    return Product.from_row(row) if row else None


@strawberry.type
class CatalogueQuery:
    """The root fields of a shop window."""

    products: ProductConnection | None = strawberry.field(
        resolver=_products,
        description="For sale, newest first; operators see all. `first` is 1 to 50; needs no token.",
    )
    product: Product | None = strawberry.field(
        resolver=_product, description="Null when there is no such product, or it is not for sale; needs no token."
    )
