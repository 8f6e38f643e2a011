"""Puts the rooms together: one query type, one mutation type, one schema."""

from datetime import datetime
from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.accounts.data import DataMutation, DataQuery
from schema.accounts.phone import PhoneMutation
from schema.accounts.profile import ProfileMutation
from schema.accounts.sign_in import SignInMutation, SignInQuery
from schema.accounts.user import User
from schema.catalogue.changes import CatalogueMutation
from schema.catalogue.problems import CATALOGUE_HANDLERS
from schema.catalogue.product import CatalogueQuery, Product
from schema.common.problems import HANDLERS
from schema.common.scalars import DATETIME
from schema.node import NodeQuery
from schema.orders.buying import BuyingMutation, OrdersQuery
from schema.orders.order import Order
from schema.orders.problems import ORDER_HANDLERS
from schema.orders.refund import Refund
from schema.orders.refunding import RefundingMutation
from schema.sharing import Share, SharingMutation, SharingQuery


@strawberry.type
class Query(SignInQuery, DataQuery, CatalogueQuery, OrdersQuery, SharingQuery, NodeQuery):
    """Everything that can be asked."""


@strawberry.type
class Mutation(
    SignInMutation,
    ProfileMutation,
    PhoneMutation,
    DataMutation,
    CatalogueMutation,
    BuyingMutation,
    RefundingMutation,
    SharingMutation,
):
    """Everything that can be done."""


@cache
def build_schema() -> strawberry.Schema:
    """The schema, the same in every environment and built once."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[User, Share, Product, Order, Refund],
        config=StrawberryConfig(scalar_map={datetime: DATETIME}),
        exception_handlers=(*HANDLERS, *CATALOGUE_HANDLERS, *ORDER_HANDLERS),
    )


def export_sdl() -> str:
    """The schema in GraphQL's own language, as committed in `schema.graphql`."""
    return build_schema().as_str() + "\n"
