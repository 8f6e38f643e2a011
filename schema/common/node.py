"""The Node interface: what can be fetched again by its id."""

import strawberry


@strawberry.interface(
    description="Anything that can be fetched again by its id. "
    "Ids are opaque, prefixed by type (`usr_…`, `ord_…`) and cannot be enumerated."
)
class Node:
    """Anything with an id."""

    id: strawberry.ID
