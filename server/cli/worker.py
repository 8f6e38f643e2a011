"""`appletql worker`."""

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from server.settings import Settings


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, say how much it was, and end.")
def worker(*, once: bool) -> None:
    """Look after unpaid orders, refunds and jobs that come round. Any number of workers may run.

    Asks WeChat about every order that is not paid yet, closes what is over, sends refunds that were not accepted yet,
    tells the webhook of incidents, deletes what is over and compares yesterday's bill. Needs the settings of `serve`.
    SIGTERM lets it finish what it began, for 20 seconds at most. Exit code 1 where something was cut off, which the log
    tells; it is done again.
    """
    from server.cli.failures import told_in_one_line
    from server.logs import configure_logging
    from server.settings import SettingsError, read_settings
    from server.settings_rules import faults_for_serving

    with told_in_one_line():
        settings = read_settings()
        if faults := faults_for_serving(settings):
            raise SettingsError(faults)
        configure_logging(settings.log_level, as_json=settings.is_production)
        if not asyncio.run(_sweep(settings) if once else _run(settings)):
            sys.exit(1)


async def _sweep(settings: "Settings") -> bool:
    from server.wiring import open_services

    async with open_services(settings) as process:
        click.echo(f"{await process.workshift.sweep()} pieces of work done")
    return True


async def _run(settings: "Settings") -> bool:
    """Whether all that was under way came to its end."""
    from server.serving_end import Ending, end_by_force
    from server.wiring import open_services

    ending = Ending()

    def stop() -> None:
        if not ending.begun.is_set():
            end_by_force()
            ending.begin()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    async with open_services(settings, ending) as process:
        click.echo("Working (Ctrl-C ends it)", err=True)
        await process.workshift.run()
    return not ending.was_cut
