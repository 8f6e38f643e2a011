"""`appletql phones`."""

import asyncio
import sys

import click


@click.group()
def phones() -> None:
    """Look after the phone numbers of users."""


@phones.command()
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask.")
def release(number: str, *, yes: bool) -> None:
    """Take NUMBER from whoever holds it, so that its new owner can bind it: carriers give numbers to other people.

    NUMBER begins with + and the country code, or is the 11 digits of a mainland mobile. The user keeps everything else
    and can bind another number. Uses APPLETQL_DATABASE_URL and APPLETQL_SECRET_KEYS alone; logged with the user's id.
    Exits with 1 when nobody holds it.
    """
    from server.cli.failures import told_in_one_line
    from services.accounts.phone_release import as_e164

    with told_in_one_line():
        e164 = as_e164(number)
        if not yes:
            click.confirm("Whoever holds this number loses it. Go on?", abort=True, err=True)
        user_id = asyncio.run(_release(e164))
    if user_id is None:
        click.echo("appletql: nobody holds this number", err=True)
        sys.exit(1)
    click.echo(f"released: user {user_id} held this number")


async def _release(number: str) -> str | None:
    from server.cli.business_clock import business_clock
    from server.cli.sealed_database import open_sealed_database
    from server.settings import read_part
    from services.accounts.phone_release import PhoneRelease
    from services.keyed_hashes import KeyedHashes

    settings = read_part("database_url", "secret_keys")
    async with open_sealed_database(settings) as opened:
        hashes = KeyedHashes(opened.units, opened.cipher, await business_clock(settings))
        return await PhoneRelease(opened.units, hashes).free(number)
