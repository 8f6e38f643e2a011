"""`appletql verify`: every amount recomputed from the ledger, and every order compared with WeChat's books."""

import asyncio
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.unit_of_work import UnitsOfWork

_WAIT_SECONDS = 30.0
_NOT_ANSWERED, _DISAGREES = 1, 3

# The backspace keeps click from filling the lines.
_EXIT_CODES = """\b
Exit codes:
  0  everything agrees
  1  the database could not be read, or WeChat did not answer
  2  the command line is wrong
  3  something disagrees
"""


@click.command(epilog=_EXIT_CODES)
@click.option("--against-wechat", is_flag=True, help="Then ask WeChat about each ORDER, or about every order.")
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
def verify(*, against_wechat: bool, orders: tuple[str, ...]) -> None:
    """Recompute every amount from the ledger, and print what disagrees.

    For each order the ledger, its payments, refunds, items and state; for each user the counter of unpaid orders; for
    each product the stock. Amounts are in fen. Changes nothing and may run beside servers. Uses APPLETQL_DATABASE_URL
    alone.

    With --against-wechat, WeChat is asked about orders, by their numbers or ids, without any about all of them, and
    about their payments and refunds; nothing is changed there either. Needs the settings of `serve`.
    """
    from server.cli.failures import told_in_one_line

    if orders and not against_wechat:
        raise click.UsageError("ORDER goes with --against-wechat")
    with told_in_one_line():
        found, unanswered = asyncio.run(_with_wechat(orders) if against_wechat else _alone())
    if found:
        click.echo(f"{found} disagreements" if found > 1 else "1 disagreement")
        sys.exit(_DISAGREES)
    if unanswered:
        click.echo("everything that was answered agrees")
        sys.exit(_NOT_ANSWERED)
    click.echo("everything agrees")


async def _alone() -> tuple[int, int]:
    from server.cli.migrated_database import open_migrated_database
    from server.settings import read_part

    async with open_migrated_database(read_part("database_url"), wait_seconds=_WAIT_SECONDS) as units:
        return await _audit(units), 0


async def _with_wechat(names: "Sequence[str]") -> tuple[int, int]:
    """How much disagrees, and for how many orders WeChat did not answer."""
    from domain.problems import BadRequest
    from server.cli.migrated_database import open_migrated_database
    from server.cli.serving_process import read_settings_for_serving
    from server.cli.verify_against_wechat import compare, named

    settings = read_settings_for_serving()
    if not settings.takes_payments:
        raise BadRequest("there is no merchant account: APPLETQL_MCHID is not set")
    async with open_migrated_database(settings, wait_seconds=_WAIT_SECONDS) as units:
        orders = await named(units, names)
        found = await _audit(units)
    differing, unanswered = await compare(settings, orders)
    return found + differing, unanswered


async def _audit(units: "UnitsOfWork") -> int:
    from server.cli.progress import progress
    from server.cli.verify_lines import tell, tell_counts
    from services.payments.auditing import Auditing

    auditing, found = Auditing(units), 0
    async for disagreement in auditing.run(progress):
        found += 1
        tell(disagreement.subject, disagreement.said)
    tell_counts("checked", auditing.checked)
    return found
