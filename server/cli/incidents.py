"""`appletql incidents`: what an operator has to look at, and deciding about it."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from models.incidents import Incident
    from models.orders import Order
    from models.unit_of_work import UnitsOfWork
    from server.settings import Settings
    from services.payments.resolving import Decision, Resolving

T = TypeVar("T")

_WAIT_SECONDS = 30.0


@click.group()
def incidents() -> None:
    """Look at what an operator has to look at, and decide about it."""


@incidents.command("list")
@click.option("--all", "show_all", is_flag=True, help="Those that are resolved too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(*, show_all: bool, as_json: bool) -> None:
    """Print incidents that wait, the oldest first. Times in UTC. Uses APPLETQL_DATABASE_URL alone."""
    from server.cli.failures import told_in_one_line
    from server.cli.incident_lines import entry, row
    from services.payments.incident_reading import IncidentReading

    with told_in_one_line():
        found = _on_database(lambda units: IncidentReading(units).all(open_only=not show_all))
    if as_json:
        click.echo(json.dumps({"incidents": [row(incident) for incident in found]}, indent=2))
        return
    for incident in found:
        for line in entry(incident):
            click.echo(line)
    if not found:
        click.echo("no incidents" if show_all else "no open incidents")


@incidents.command()
@click.argument("incident_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(incident_id: str, *, as_json: bool) -> None:
    """Print one incident, the order it is about, and what can be done. Uses APPLETQL_DATABASE_URL alone.

    Exits with 1 when there is no such incident.
    """
    from server.cli.failures import told_in_one_line
    from server.cli.incident_lines import card, row

    with told_in_one_line():
        incident, order = _one(incident_id)
    if as_json:
        click.echo(json.dumps(row(incident) | {"orderNumber": order and order.number}, indent=2, ensure_ascii=False))
        return
    for line in card(incident, order):
        click.echo(line)


@incidents.command()
@click.argument("incident_id")
@click.option("--accept", is_flag=True, help="The order counts as paid with the amount that came.")
@click.option("--refund", is_flag=True, help="The money goes back, and the order that it held is closed.")
@click.option("--note", metavar="TEXT", help="It is dealt with; TEXT says how, without personal data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def resolve(incident_id: str, *, accept: bool, refund: bool, note: str | None, yes: bool) -> None:
    """Decide about an incident: exactly one of --accept, --refund and --note.

    Money on hold is accepted or refunded, everything else is noted. WeChat is asked first, and what it shows is said
    before anything is done. Accepting and refunding need the settings of `serve`, a note APPLETQL_DATABASE_URL alone.
    Exits with 1 when nothing was done.
    """
    from server.cli.failures import told_in_one_line
    from services.payments.resolving import Decision, NotResolvableError

    if [accept, refund, note is not None].count(True) != 1:
        raise click.UsageError("give exactly one of --accept, --refund and --note")
    with told_in_one_line():
        try:
            if note is not None:
                _note(incident_id, note, yes=yes)
            else:
                _decide(incident_id, Decision.ACCEPT if accept else Decision.REFUND, yes=yes)
        except NotResolvableError as error:
            click.echo(f"appletql: {error}", err=True)
            sys.exit(1)


def _on_database(work: "Callable[[UnitsOfWork], Awaitable[T]]") -> T:
    from server.cli.migrated_database import open_migrated_database
    from server.settings import read_part

    async def opened() -> T:
        async with open_migrated_database(read_part("database_url"), wait_seconds=_WAIT_SECONDS) as units:
            return await work(units)

    return asyncio.run(opened())


def _in_process(settings: "Settings", work: "Callable[[Resolving], Awaitable[T]]") -> T:
    from server.cli.command_process import open_command_process

    async def opened() -> T:
        async with open_command_process(settings) as process:
            return await work(process.orders.resolving)

    return asyncio.run(opened())


def _one(incident_id: str) -> "tuple[Incident, Order | None]":
    from domain.problems import BadRequest
    from services.payments.incident_reading import IncidentReading

    found = _on_database(lambda units: IncidentReading(units).one(incident_id))
    if found is None:
        raise BadRequest("there is no such incident; `appletql incidents list --all` shows them")
    return found


def _note(incident_id: str, text: str, *, yes: bool) -> None:
    incident, _order = _one(incident_id)
    if not yes:
        click.confirm(f"{incident.kind} about {incident.subject} is dealt with. Go on?", abort=True, err=True)
    asyncio.run(_write_note(incident_id, text))
    click.echo(f"{incident_id} is noted")


async def _write_note(incident_id: str, text: str) -> None:
    from server.cli.business_clock import business_clock
    from server.cli.migrated_database import open_migrated_database
    from server.settings import read_part
    from services.payments.resolving import Noting

    settings = read_part("database_url")
    async with open_migrated_database(settings, wait_seconds=_WAIT_SECONDS) as units:
        await Noting(units, await business_clock(settings)).note(incident_id, text)


def _decide(incident_id: str, decision: "Decision", *, yes: bool) -> None:
    """Looks, asks and acts in turn: nothing is open while somebody thinks."""
    from server.cli.incident_lines import outcome, question
    from server.cli.serving_process import read_settings_for_serving

    settings = read_settings_for_serving()
    if not yes:
        held = _in_process(settings, lambda resolving: resolving.look(incident_id))
        click.confirm(question(held, decision), abort=True, err=True)
    resolved = _in_process(settings, lambda resolving: resolving.resolve(incident_id, decision))
    click.echo(outcome(resolved, decision))
