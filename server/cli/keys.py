"""`appletql keys`: which key sealed what is stored, and sealing it again with the first."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import click

from server.cli.progress import progress

if TYPE_CHECKING:
    from services.keys_at_rest import KeysAtRest, Look, Rotation

T = TypeVar("T")

_SETTING = "APPLETQL_SECRET_KEYS"
_PUT_FIRST = f"""\
To change to this key:
  1. Several servers or workers: put it last ({_SETTING}=OLD,NEW) and restart each, so that all of them can
     open what it will seal. One server alone can leave this step out.
  2. Put it first ({_SETTING}=NEW,OLD) and restart each.
  3. appletql keys rotate
  4. When that says so, take the old key out of {_SETTING}. Keep it as long as backups from before.
"""
_PUT_BACK = f"put the key that sealed them back, as the last of {_SETTING}, and run this again"


@click.group()
def keys() -> None:
    """Look after the keys that seal what the database keeps (APPLETQL_SECRET_KEYS)."""


@keys.command()
def new() -> None:
    """Print a fresh key, and on standard error how to change to it. Needs no settings."""
    from models.encryption import new_secret_key

    click.echo(new_secret_key())
    click.echo(_PUT_FIRST, err=True, nl=False)


@keys.command()
def status() -> None:
    """Count the stored values that each key opens.

    The keys by their places in APPLETQL_SECRET_KEYS. Changes nothing. Uses APPLETQL_DATABASE_URL and
    APPLETQL_SECRET_KEYS alone. Exits with 1 when a value is opened by no key.
    """
    look, key_count = _run(_look)
    for line in _table(look, key_count):
        click.echo(line)
    if look.under_older:
        click.echo(f"{_values(look.under_older)} under an older key: appletql keys rotate")
    sys.exit(_told_unreadable(look))


@keys.command()
def rotate() -> None:
    """Re-encrypt everything with the first key.

    The first, that is, of APPLETQL_SECRET_KEYS, which every server must know by then: `appletql keys new` says how. May
    run beside them, be killed at any point and be run again, and tells when the older keys can go. Values that no key
    opens are left as they are: exits with 1. Uses APPLETQL_DATABASE_URL and APPLETQL_SECRET_KEYS alone.
    """
    rotation, key_count = _run(_rotate)
    look = rotation.after
    if key_count == 1:
        click.echo(f"nothing to rotate from: {_SETTING} holds one key, which opens {_values(look.under_first)}")
    else:
        already = max(0, look.under_first - rotation.reencrypted)
        click.echo(f"{_values(rotation.reencrypted)} re-encrypted, {already} already under the first key")
    failed = _told_unreadable(look) | _told_left_over(look)
    if key_count > 1 and not failed:
        click.echo(f"the older keys in {_SETTING} can be removed; keep them with backups from before")
    sys.exit(failed)


async def _look(keys: "KeysAtRest") -> "Look":
    return await keys.look(progress)


async def _rotate(keys: "KeysAtRest") -> "Rotation":
    return await keys.rotate(progress)


def _run(work: "Callable[[KeysAtRest], Awaitable[T]]") -> tuple[T, int]:
    """The result of `work`, and how many keys there are."""
    from server.cli.failures import told_in_one_line
    from server.cli.sealed_database import open_sealed_database
    from server.settings import read_part
    from services.keys_at_rest import KeysAtRest

    async def opened() -> tuple[T, int]:
        async with open_sealed_database(read_part("database_url", "secret_keys")) as found:
            return await work(KeysAtRest(found.units, found.cipher)), found.cipher.key_count

    with told_in_one_line():
        return asyncio.run(opened())


def _table(look: "Look", key_count: int) -> Iterator[str]:
    rows = {str(column): counts for column, counts in look.columns.items()} | {"all": look.total}
    width = max(map(len, rows))
    heads = [f"key {place + 1}" for place in range(key_count)]
    yield " " * width + "".join(f"{head:>10}" for head in [*heads, "no key"])
    for name, counts in rows.items():
        yield f"{name:<{width}}" + "".join(f"{count:>10}" for count in _by_key(counts, key_count))


def _by_key(counts: Counter[int | None], key_count: int) -> list[int]:
    return [counts[place] for place in (*range(key_count), None)]


def _told_unreadable(look: "Look") -> bool:
    if not look.unreadable:
        return False
    where = ", ".join(f"{counts[None]} in {column}" for column, counts in look.columns.items() if counts[None])
    opened = "is opened" if look.unreadable == 1 else "are opened"
    click.echo(f"{_values(look.unreadable)} {opened} by no key ({where}); {_PUT_BACK}", err=True)
    return True


def _told_left_over(look: "Look") -> bool:
    if not look.under_older:
        return False
    click.echo(
        f"{_values(look.under_older)} still under an older key: in use, or a server still seals with it; restart every "
        f"server and worker with the new key first, and run this again",
        err=True,
    )
    return True


def _values(count: int) -> str:
    return f"{count} value" if count == 1 else f"{count} values"
