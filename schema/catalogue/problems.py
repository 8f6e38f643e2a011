"""What can stand against ordering a product, as data."""

from typing import Any

import strawberry
from strawberry.schema import ExceptionHandler

from domain import problems
from models.catalogue import Product as ProductRow
from schema.catalogue.product import Product
from schema.common.money import Money
from schema.common.problems import Problem


@strawberry.type
class PriceChanged(Problem):
    """See `domain.problems.PriceChanged`."""

    total: Money = strawberry.field(description="The total as of now; send it as `expectedTotal` to accept it.")


@strawberry.type
class ProductUnavailable(Problem):
    """See `domain.problems.ProductUnavailable`."""

    product_id: strawberry.ID


@strawberry.type
class OutOfStock(Problem):
    """See `domain.problems.OutOfStock`."""

    product: Product
    available: int


class PriceChangedHandler(ExceptionHandler[problems.PriceChanged, PriceChanged]):
    """Answers a raised PriceChanged as data."""

    def handle(self, exception: problems.PriceChanged, **_: Any) -> PriceChanged:
        """The same as a GraphQL type."""
        return PriceChanged(**_of(exception), total=Money.from_fen(exception.total))


class ProductUnavailableHandler(ExceptionHandler[problems.ProductUnavailable, ProductUnavailable]):
    """Answers a raised ProductUnavailable as data."""

    def handle(self, exception: problems.ProductUnavailable, **_: Any) -> ProductUnavailable:
        """The same as a GraphQL type."""
        return ProductUnavailable(**_of(exception), product_id=strawberry.ID(exception.product_id))


class OutOfStockHandler(ExceptionHandler[problems.OutOfStock, OutOfStock]):
    """Answers a raised OutOfStock as data; raises TypeError where its product is no row of the catalogue."""

    def handle(self, exception: problems.OutOfStock, **_: Any) -> OutOfStock:
        """The same as a GraphQL type."""
        if not isinstance(exception.product, ProductRow):
            raise TypeError("OutOfStock.product must be a row of the catalogue")
        product = Product.from_row(exception.product)
        return OutOfStock(**_of(exception), product=product, available=exception.available)


CATALOGUE_HANDLERS = (PriceChangedHandler(), ProductUnavailableHandler(), OutOfStockHandler())


def _of(exception: problems.Problem) -> dict[str, Any]:
    return {"code": exception.code, "message": exception.message, "recovery": exception.recovery}
