"""What goes wrong in a command, as one line for each fault on standard error, and exit code 1."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from domain.problems import Failure
from server.serving import AddressInUseError
from server.settings import SettingsError


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Ends the command with code 1 where an expected failure comes out of the block."""
    try:
        yield
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"appletql: {fault}", err=True)
        sys.exit(1)
    except (Failure, AddressInUseError) as error:
        click.echo(f"appletql: {error}", err=True)
        sys.exit(1)
