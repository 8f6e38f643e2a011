"""`createProduct` and `updateProduct`: what operators do with the catalogue."""

from typing import Annotated

import strawberry
from strawberry import UNSET, Info

from domain import catalogue as words
from resolvers import catalogue
from resolvers.context import Context
from schema.catalogue.product import Product
from schema.common.inputs import given, or_none
from schema.common.problems import InvalidInput, Refusal, WeChatProblem


@strawberry.input
class CreateProductInput:
    """What `createProduct` takes."""

    idempotency_key: str = strawberry.field(
        description="Unique per operator, at most 64 characters: a repeat gives the same product."
    )
    title: str = strawberry.field(description="At most 128 characters.")
    description: str | None = strawberry.field(
        default=UNSET, description="At most 4000 characters; may have several lines."
    )
    image_url: str | None = strawberry.field(
        default=UNSET, description="An https address, or what `/uploads/product` gave."
    )
    price: int = strawberry.field(description="In fen, 1 or more.")
    stock: int | None = strawberry.field(default=UNSET, description="Left out: not counted.")
    for_sale: bool = True


@strawberry.input(one_of=True)
class StockChange:
    """One of three."""

    by: int | None = strawberry.field(
        default=UNSET, description="Added to what is there; negative takes away, never below 0."
    )
    set_to: int | None = UNSET
    uncounted: bool | None = strawberry.field(default=UNSET, description="True: no longer counted.")


@strawberry.input(description="A field left out stays as it is; null clears it.")
class UpdateProductInput:
    """What `updateProduct` takes. Null clears `description` and `imageUrl`; it is refused for the others."""

    id: strawberry.ID
    title: str | None = UNSET
    description: str | None = UNSET
    image_url: str | None = UNSET
    price: int | None = UNSET
    stock: StockChange | None = UNSET
    for_sale: bool | None = UNSET


@strawberry.type
class CreateProductSuccess:
    """The product is there."""

    product: Product


@strawberry.type
class UpdateProductSuccess:
    """The product is changed."""

    product: Product


CreateProductResult = Annotated[
    CreateProductSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("CreateProductResult")
]
UpdateProductResult = Annotated[
    UpdateProductSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("UpdateProductResult")
]


async def _create_product(
    info: Info[Context, None],
    input: CreateProductInput,  # noqa: A002  (the contract's name)
) -> CreateProductResult | None:
    fields = {name: or_none(value) for name, value in vars(input).items() if name != "idempotency_key"}
    row = await catalogue.create_product(info.context, input.idempotency_key, fields)
    return CreateProductSuccess(product=Product.from_row(row))


async def _update_product(
    info: Info[Context, None],
    input: UpdateProductInput,  # noqa: A002  (the contract's name)
) -> UpdateProductResult | None:
    fields = given(input)
    stock = words.StockChange(**given(input.stock)) if input.stock else None
    row = await catalogue.update_product(info.context, fields.pop("id"), fields, stock)
    return UpdateProductSuccess(product=Product.from_row(row))


@strawberry.type
class CatalogueMutation:
    """The root mutations about products."""

    create_product: CreateProductResult | None = strawberry.field(
        resolver=_create_product, description="Operators only."
    )
    update_product: UpdateProductResult | None = strawberry.field(
        resolver=_update_product,
        description="Operators only. A stock is changed as it is at that moment: what is sold meanwhile is not lost.",
    )
