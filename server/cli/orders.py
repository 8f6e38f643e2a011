"""`appletql orders`: which there are, the story of one, and asking WeChat about some."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import click

from server.cli.days import Day

if TYPE_CHECKING:
    from models.orders import Order
    from services.orders.history import History
    from services.orders.overview import Sought

_STATUSES = ("PENDING", "PAID", "CLOSED", "PARTIALLY_REFUNDED", "REFUNDED")
_WAIT_SECONDS = 30.0
_MOST = 10_000


@click.group()
def orders() -> None:
    """Look at orders, and ask WeChat about them."""


@orders.command("list")
@click.option("--status", multiple=True, type=click.Choice(_STATUSES, case_sensitive=False), help="Of these states.")
@click.option("--user", "user_id", metavar="USER_ID", help="Of this user, or of whom the user was joined to.")
@click.option("--since", type=Day(), help="Placed on this day or later, in UTC.")
@click.option("--held", is_flag=True, help="Those that wait for a decision: appletql incidents.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, _MOST))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; amounts in fen.")
def list_(
    *, status: tuple[str, ...], user_id: str | None, since: date | None, held: bool, limit: int, as_json: bool
) -> None:
    """Print orders, newest first. Amounts in yuan, times in UTC. Uses APPLETQL_DATABASE_URL alone."""
    from domain.orders import OrderStatus
    from server.cli.failures import told_in_one_line
    from server.cli.order_lines import row, table
    from services.orders.overview import Sought

    sought = Sought(
        statuses=[OrderStatus(word) for word in status],
        user_id=user_id,
        since=None if since is None else datetime.combine(since, time(), UTC),
        held_only=held,
    )
    with told_in_one_line():
        found = asyncio.run(_found(sought, limit))
    if as_json:
        click.echo(json.dumps({"orders": [row(order) for order in found]}, indent=2))
        return
    for line in table(found):
        click.echo(line)


@orders.command()
@click.argument("number_or_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; amounts in fen.")
def show(number_or_id: str, *, as_json: bool) -> None:
    """Tell the story of one order in time order, with the ledger's running balance.

    By its number, as on the payer's receipt, or its id. Amounts in yuan, times in UTC. Uses APPLETQL_DATABASE_URL
    alone; exits with 1 when there is no such order.
    """
    from server.cli.failures import told_in_one_line
    from server.cli.order_lines import document, story

    with told_in_one_line():
        history = asyncio.run(_history(number_or_id))
    if as_json:
        click.echo(json.dumps(document(history), indent=2, ensure_ascii=False))
        return
    for line in story(history):
        click.echo(line)


@orders.command()
@click.argument("numbers_or_ids", nargs=-1, metavar="NUMBER_OR_ID...")
@click.option("--pending", is_flag=True, help="Every unpaid order that is not on hold.")
@click.option("--refund", metavar="OUT_REFUND_NO", help="Of one order: makes this refund of WeChat's console known.")
def sync(numbers_or_ids: tuple[str, ...], *, pending: bool, refund: str | None) -> None:
    """Ask WeChat about orders now, and print what changed.

    Orders and their refunds that are not at their end. An order that cannot be asked about does not keep the others
    waiting: all such are named at the end, with the reason. While WeChat gives no usable answers at all, 10 seconds are
    waited before it is tried again; it stops when there is none then either, and after 20 orders in a row without one.
    Needs the settings of `serve`. Exits with 1 when an order could not be asked about; a repeat asks about what is
    still open.
    """
    from server.cli.failures import told_in_one_line
    from server.cli.orders_sync import ask
    from server.cli.serving_process import read_settings_for_serving

    if bool(numbers_or_ids) == pending:
        raise click.UsageError("give either orders or --pending")
    names = list(dict.fromkeys(numbers_or_ids))
    if refund is not None and len(names) != 1:
        raise click.UsageError("--refund goes with one order")
    with told_in_one_line():
        is_whole = asyncio.run(ask(read_settings_for_serving(), names, refund))
    sys.exit(not is_whole)


async def _found(sought: "Sought", limit: int) -> "list[Order]":
    from domain.problems import BadRequest
    from server.cli.migrated_database import open_migrated_database
    from server.settings import read_part
    from services.orders.overview import Overview

    async with open_migrated_database(read_part("database_url"), wait_seconds=_WAIT_SECONDS) as units:
        overview = Overview(units)
        if sought.user_id is not None:
            user_id = await overview.user(sought.user_id)
            if user_id is None:
                raise BadRequest("there is no user with this id")
            sought = replace(sought, user_id=user_id)
        return await overview.newest(sought, limit)


async def _history(number_or_id: str) -> "History":
    from domain.problems import BadRequest
    from server.cli.migrated_database import open_migrated_database
    from server.settings import read_part
    from services.orders.history import history_of
    from services.orders.overview import Overview

    async with open_migrated_database(read_part("database_url"), wait_seconds=_WAIT_SECONDS) as units:
        order = await Overview(units).find(number_or_id)
        if order is None:
            raise BadRequest("there is no order of this number or id")
        return await history_of(units, order)
