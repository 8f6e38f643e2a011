"""Puts the rooms together: one query type, one mutation type, one schema."""

from datetime import datetime

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.accounts import AccountsMutation, AccountsQuery, User
from schema.common.problems import HANDLERS
from schema.common.scalars import DATETIME
from schema.node import NodeQuery


@strawberry.type
class Query(AccountsQuery, NodeQuery):
    """Everything that can be asked."""


@strawberry.type
class Mutation(AccountsMutation):
    """Everything that can be done."""


def build_schema() -> strawberry.Schema:
    """The schema, the same in every environment."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[User],
        config=StrawberryConfig(scalar_map={datetime: DATETIME}),
        exception_handlers=HANDLERS,
    )


def export_sdl() -> str:
    """The schema in GraphQL's own language, as committed in `schema.graphql`."""
    return build_schema().as_str() + "\n"
