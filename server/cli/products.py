"""`appletql products`: the catalogue from a file."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from server.settings import Settings
    from services.catalogue.import_lines import BadLine, Line
    from services.catalogue.imports import Imported

_MOST_TOLD = 100
_LARGEST_FILE = 64 * 1024 * 1024
_WAIT_SECONDS = 600.0

# The backspace keeps click from filling the lines.
_COLUMNS = """\b
Columns of the CSV, or names in the objects of the JSON list:
  key          at most 64 characters; a product that was imported with it is changed
               rather than made once more, so that a repeat changes nothing
  title        at most 128 characters; needed
  price        in fen, or
  price_yuan   in yuan, as in 12.50; exactly one of both in each line
  stock        empty: not counted
  description  at most 4000 characters
  imageUrl     https, or what /uploads/product gave
  forSale      true or false; empty: true
Of a product that is there, what the file has no column for stays as it is.
"""


@click.group()
def products() -> None:
    """Fill the catalogue."""


@products.command("import", epilog=_COLUMNS)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be done, and write nothing.")
def import_(file: Path, *, dry_run: bool) -> None:
    """Make or change the products in FILE: CSV with a header, or a JSON list; in UTF-8.

    All of them or, with one bad line, none; every bad line is named. The first line is shown first. Lines without a key
    are made anew each time. Uses APPLETQL_DATABASE_URL, and APPLETQL_PUBLIC_URL to know pictures of this server.
    """
    from server.cli.failures import told_in_one_line
    from server.settings import read_part

    with told_in_one_line():
        settings = read_part("database_url", "public_url")
        lines = _checked(file, settings)
        done = asyncio.run(_write(settings, lines, dry_run=dry_run))
    would = "would be " if dry_run else ""
    click.echo(f"{done.made} {would}made, {done.changed} {would}changed, {done.same} as they were")


def _checked(file: Path, settings: "Settings") -> "list[Line]":
    from domain.problems import BadRequest
    from server.cli.progress import progress
    from services.catalogue.import_text import read_records
    from services.catalogue.imports import check
    from services.catalogue.pictures import picture_check

    if file.stat().st_size > _LARGEST_FILE:
        raise BadRequest(f"the file is larger than {_LARGEST_FILE} bytes; import it in parts")
    lines, faults = check(read_records(file.read_bytes()), picture_check(settings.own_url), progress)
    if faults:
        _tell(faults)
        sys.exit(1)
    return lines


async def _write(settings: "Settings", lines: "list[Line]", *, dry_run: bool) -> "Imported":
    from server.cli.business_clock import business_clock
    from server.cli.migrated_database import open_migrated_database
    from server.cli.progress import progress
    from services.catalogue.imports import Imports

    async with open_migrated_database(settings, wait_seconds=_WAIT_SECONDS) as units:
        return await Imports(units, await business_clock(settings)).write(lines, progress, is_rehearsal=dry_run)


def _tell(faults: "list[BadLine]") -> None:
    for fault in faults[:_MOST_TOLD]:
        click.echo(f"appletql: {fault}", err=True)
    more = f"and {len(faults) - _MOST_TOLD} more; " if len(faults) > _MOST_TOLD else ""
    click.echo(f"appletql: {more}{_faults(len(faults))}, nothing was imported", err=True)


def _faults(count: int) -> str:
    return "1 fault" if count == 1 else f"{count} faults"
