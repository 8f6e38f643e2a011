"""What goes wrong in a command, as one line for each fault on standard error, and exit code 1."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from domain.problems import Failure
from server.binding import AddressInUseError
from server.settings import SettingsError


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Ends the command with code 1 where a failure comes out of the block; click's own pass, which it tells itself."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"appletql: {fault}", err=True)
        sys.exit(1)
    except (Failure, AddressInUseError) as error:
        click.echo(f"appletql: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        raise  # as of `| head`: click ends in silence
    except OSError as error:
        click.echo(f"appletql: {error.strerror or type(error).__name__}: {error.filename or 'no file'}", err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  (its text may quote a setting: the class and the place must do)
        place = traceback.extract_tb(error.__traceback__)[-1]
        click.echo(f"appletql: unexpected {type(error).__name__} at {place.filename}:{place.lineno}", err=True)
        sys.exit(1)
