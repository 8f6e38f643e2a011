"""`appletql migrate`."""

import asyncio

import click


@click.command()
def migrate() -> None:
    """Bring the database to the present schema.

    Uses APPLETQL_DATABASE_URL alone. Safe to run at every start and by several processes at once: they take turns.
    Migrations go forward only; to go back, restore a backup.
    """
    from models.migrator import migrate as apply
    from server.cli.failures import told_in_one_line
    from server.settings import read_settings

    with told_in_one_line():
        url = read_settings().database_url.get_secret_value()
        count = asyncio.run(apply(url, lambda name: click.echo(f"applied {name}")))
        click.echo(f"{count} migrations applied" if count else "the database is up to date")
