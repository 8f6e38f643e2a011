"""`appletql migrate`."""

import asyncio

import click


@click.command()
@click.option("--make", metavar="NAME", help="Write the migration that the models lack, and apply nothing.")
def migrate(make: str | None) -> None:
    """Bring the database to the present schema.

    Uses APPLETQL_DATABASE_URL alone. Safe to run at every start and by several processes at once: they take turns.
    Migrations go forward only; to go back, restore a backup.
    """
    from models.migrator import make_migration
    from models.migrator import migrate as apply
    from server.cli.command_logs import command_logs
    from server.cli.failures import told_in_one_line
    from server.settings import read_database_url, read_part

    with told_in_one_line():
        if make is not None:
            written = asyncio.run(make_migration(make))
            click.echo("\n".join(written) or "the models and the migrations agree")
            return
        with command_logs(read_part("database_url")):
            count = asyncio.run(apply(read_database_url(), lambda name: click.echo(f"applied {name}")))
        click.echo(f"{count} migrations applied" if count else "the database is up to date")
