"""`appletql verify`: every amount recomputed from the ledger."""

import asyncio
import sys

import click

_WAIT_SECONDS = 30.0
_DISAGREES = 3

# The backspace keeps click from filling the lines.
_EXIT_CODES = """\b
Exit codes:
  0  everything agrees
  1  the database could not be read
  2  the command line is wrong
  3  something disagrees
"""


@click.command(epilog=_EXIT_CODES)
def verify() -> None:
    """Recompute every amount from the ledger, and print what disagrees.

    For each order the ledger, its payments, refunds, items and state; for each user the counter of unpaid orders; for
    each product the stock. Amounts are in fen. Changes nothing and may run beside servers. Uses APPLETQL_DATABASE_URL
    alone.
    """
    from server.cli.failures import told_in_one_line

    with told_in_one_line():
        found = asyncio.run(_verify())
    if found:
        click.echo(f"{found} disagreements" if found > 1 else "1 disagreement")
        sys.exit(_DISAGREES)
    click.echo("everything agrees")


async def _verify() -> int:
    from server.cli.migrated_database import open_migrated_database
    from server.cli.progress import progress
    from server.cli.tables import wrapped
    from server.settings import read_part
    from services.payments.auditing import Auditing

    found = 0
    async with open_migrated_database(read_part("database_url"), wait_seconds=_WAIT_SECONDS) as units:
        async for disagreement in Auditing(units).run(progress):
            found += 1
            for line in wrapped(f"{disagreement.subject:<30} ", disagreement.said):
                click.echo(line)
    return found
