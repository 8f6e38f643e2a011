"""What stands against ordering a product, as GraphQL types."""

import pytest

from domain import problems
from domain.clock import wire_clock
from models.catalogue import Product
from schema.catalogue.problems import CATALOGUE_HANDLERS, OutOfStock, PriceChanged, ProductUnavailable
from schema.catalogue.product import Product as ProductType
from schema.common.money import Currency, Money

PRICE_CHANGED, PRODUCT_UNAVAILABLE, OUT_OF_STOCK = CATALOGUE_HANDLERS
ROW = Product(id="prd_1", title="茶", price=1250, stock=2, for_sale=True, created_at=wire_clock())


def test_a_price_that_changed_names_the_new_total() -> None:
    found = PRICE_CHANGED.handle(problems.PriceChanged(1250))

    assert isinstance(found, PriceChanged)
    assert found.total == Money(amount=1250, currency=Currency.CNY, display="12.50")
    assert (found.code, found.recovery) == (problems.ProblemCode.PRICE_CHANGED, problems.Recovery.NONE)


def test_a_product_that_is_not_for_sale_is_named() -> None:
    found = PRODUCT_UNAVAILABLE.handle(problems.ProductUnavailable("prd_1"))

    assert isinstance(found, ProductUnavailable)
    assert (found.code, found.product_id) == (problems.ProblemCode.PRODUCT_UNAVAILABLE, "prd_1")


def test_what_is_left_of_a_product_is_told_with_it() -> None:
    found = OUT_OF_STOCK.handle(problems.OutOfStock(ROW, 2))

    assert isinstance(found, OutOfStock)
    assert (found.code, found.available) == (problems.ProblemCode.OUT_OF_STOCK, 2)
    assert found.product == ProductType.from_row(ROW)


def test_something_else_in_place_of_a_product_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        OUT_OF_STOCK.handle(problems.OutOfStock("prd_1", 2))
