"""The command line: `appletql`, or `python -m server`. Errors are one line each and exit with 1."""

import click

from server.cli.database import migrate
from server.cli.dev import dev
from server.cli.doctor import doctor
from server.cli.incidents import incidents
from server.cli.keys import keys
from server.cli.operators import operators
from server.cli.orders import orders
from server.cli.phones import phones
from server.cli.products import products
from server.cli.reconcile import reconcile
from server.cli.sandbox import sandbox
from server.cli.schema import schema
from server.cli.serve import serve
from server.cli.verify import verify
from server.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="appletql")
def main() -> None:
    """The backend of a WeChat mini program as one GraphQL API.

    Settings are environment variables with the prefix APPLETQL_, also read from a file .env; the README lists them.
    """


for command in (
    dev,
    serve,
    worker,
    sandbox,
    migrate,
    schema,
    doctor,
    keys,
    phones,
    operators,
    products,
    orders,
    incidents,
    verify,
    reconcile,
):
    main.add_command(command)
