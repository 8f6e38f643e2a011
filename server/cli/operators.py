"""`appletql operators`: who may change the catalogue, see every order and refund."""

import asyncio
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.accounts.operators import Operators, RoleChange

T = TypeVar("T")

_WAIT_SECONDS = 30.0


@click.group()
def operators() -> None:
    """Say which users are operators: they change products, see every order and refund."""


@operators.command()
@click.argument("user_id")
def add(user_id: str) -> None:
    """Make USER_ID an operator.

    USER_ID is the id that `me { id }` shows, as in usr_01k9…; one that was joined to another stands for that. Counts
    from the user's next request on. Uses APPLETQL_DATABASE_URL alone; exits with 1 when there is no such user.
    """
    change = _run(lambda operators: operators.add(user_id))
    _tell(user_id, change, "is an operator now" if change.has_changed else "is an operator already")


@operators.command()
@click.argument("user_id")
def remove(user_id: str) -> None:
    """Take the role from USER_ID.

    Counts from the user's next request on; what the operator made stays. Uses APPLETQL_DATABASE_URL alone; exits with 1
    when there is no such user.
    """
    change = _run(lambda operators: operators.remove(user_id))
    _tell(user_id, change, "is no operator any more" if change.has_changed else "is no operator")


@operators.command("list")
def list_() -> None:
    """Print the ids of all operators, a line each. Uses APPLETQL_DATABASE_URL alone."""
    for user in _run(lambda operators: operators.all()):
        click.echo(user.id)


def _tell(asked: str, change: "RoleChange", what: str) -> None:
    joined = "" if change.user_id == asked else f" ({asked} was joined to it)"
    click.echo(f"{change.user_id} {what}{joined}")


def _run(work: "Callable[[Operators], Awaitable[T]]") -> T:
    from server.cli.failures import told_in_one_line
    from server.cli.migrated_database import open_migrated_database
    from server.settings import read_part
    from services.accounts.operators import Operators

    async def opened() -> T:
        async with open_migrated_database(read_part("database_url"), wait_seconds=_WAIT_SECONDS) as units:
            return await work(Operators(units))

    with told_in_one_line():
        return asyncio.run(opened())
