"""`appletql reconcile`."""

import asyncio
import os
import sys
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.days import Day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from models.reconciliations import Reconciliation
    from server.cli.reconcile_report import Spool
    from server.settings import Settings

_ALARMS = 3

# The backspace keeps click from filling the lines.
_EXIT_CODES = """\b
Exit codes:
  0  bill and books agree, or were made to agree
  1  it could not be done; nothing is lost, run it again
  2  the command line is wrong
  3  there are alarms: differences that only a person can clear
"""


@click.command(epilog=_EXIT_CODES)
@click.option("--date", "day", type=Day(), help="A day in China; else yesterday there.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Every difference, as CSV.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="The whole report, as JSON.")
def reconcile(day: date | None, csv_file: Path | None, json_file: Path | None) -> None:
    """Compare WeChat's bill of a day with the payments, refunds and ledger here.

    A day is ready from 10:00 of the next one, in China's time, and for three months. What WeChat knows of an order and
    this server does not is asked again and settled; every other difference is listed, and told as an incident. Safe at
    any time and as often as wanted. Needs the settings of `serve`.
    """
    from server.cli.failures import told_in_one_line
    from server.cli.reconcile_report import Spool, table, write_csv, write_json
    from server.cli.serving_process import read_settings_for_serving

    with told_in_one_line(), Spool() as spool:
        settings = read_settings_for_serving()
        for wanted in (csv_file, json_file):
            if wanted is not None and not os.access(wanted.resolve().parent, os.W_OK):
                raise click.ClickException(f"{wanted}: cannot be written")  # told before anything is done
        outcome = asyncio.run(_run(settings, day, spool))
        for line in table(spool, outcome):
            click.echo(line)
        if csv_file is not None:
            write_csv(spool, csv_file)
        if json_file is not None:
            write_json(spool, outcome, json_file)
    sys.exit(_ALARMS if outcome.alarms else 0)


async def _run(settings: "Settings", day: date | None, spool: "Spool") -> "Reconciliation":
    from server.cli.command_process import open_command_process
    from services.reconciliation.china_days import yesterday

    async with open_command_process(settings) as process:
        with _Bar.shown() as bar:
            when = day or yesterday(process.clock())
            return await process.orders.reconciling.run(when, bar.update, begin=bar.begin, tell=spool.add)


class _Bar:
    """A bar that learns its length late."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._update: Callable[[int], None] | None = None

    @classmethod
    @contextmanager
    def shown(cls) -> "Iterator[_Bar]":
        """Ends with the block."""
        with ExitStack() as stack:
            yield cls(stack)

    def begin(self, length: int) -> None:
        """So many rows are to be compared."""
        from server.cli.progress import progress

        if length:
            self._update = self._stack.enter_context(progress("rows", length))

    def update(self, count: int) -> None:
        """So many more were."""
        if self._update is not None:
            self._update(count)
