"""Opening and closing one database, SQLite or PostgreSQL, with bounds on everything that can wait."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext

from domain.problems import Unavailable
from models.unit_of_work import UnitsOfWork

APP = "models"
MODULES = [
    "models.accounts",
    "models.catalogue",
    "models.incidents",
    "models.jobs",
    "models.ledger",
    "models.media",
    "models.notices",
    "models.orders",
    "models.payments",
    "models.reconciliations",
    "models.sealed_keys",
    "models.sharing",
    "models.stories",
]
MIGRATIONS = "models.migrations"

_CONNECT_SECONDS = 3
_STATEMENT_SECONDS = 3
_SQLITE_BUSY_MILLISECONDS = 3000
_DRAIN_SECONDS = 5.0
_CLOSE_SECONDS = 15.0

logger = logging.getLogger(__name__)


def _enough() -> float:
    return _CLOSE_SECONDS


def tortoise_config(url: str, *, pool_size: int = 10, for_migrations: bool = False) -> dict[str, Any]:
    """Tortoise's configuration for a `sqlite://` or `postgres://` URL; raises ConfigurationError for any other.

    SQLite is migrated with foreign keys off: a table that is rebuilt would otherwise take its children with it.
    """
    expanded = expand_db_url(url)
    credentials = expanded["credentials"]
    if is_sqlite(url):
        credentials.setdefault("busy_timeout", _SQLITE_BUSY_MILLISECONDS)
        credentials.setdefault("secure_delete", "ON")  # a deleted account leaves no trace in free pages
        if for_migrations:
            credentials["foreign_keys"] = "OFF"
    else:
        bounds: dict[str, int | None] = {
            "maxsize": pool_size,
            "timeout": _CONNECT_SECONDS,
            "command_timeout": _STATEMENT_SECONDS,
        }
        if for_migrations:
            bounds["command_timeout"] = None
        for name, value in bounds.items():
            credentials.setdefault(name, value)
        if "sslmode" in credentials:  # libpq's word, in the addresses that hosts give out; asyncpg's is `ssl`
            credentials["ssl"] = credentials.pop("sslmode")
    # Tortoise caches statements by the connection's name for the whole process: each dialect has a name of its own.
    name = "sqlite" if is_sqlite(url) else "postgres"
    app = {"models": MODULES, "default_connection": name, "migrations": MIGRATIONS}
    return {"connections": {name: expanded}, "apps": {APP: app}}


def is_sqlite(url: str) -> bool:
    """Whether the URL names a SQLite file; everything else here is PostgreSQL."""
    return url.startswith("sqlite:")


def check_first_connect(url: str) -> None:
    """Raises Unavailable where a SQLite file cannot be opened: Tortoise's own first connect would hang later ones."""
    if not is_sqlite(url):
        return
    try:
        with closing(
            sqlite3.connect(expand_db_url(url)["credentials"]["file_path"], timeout=_CONNECT_SECONDS)
        ) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error:
        raise Unavailable("The SQLite database cannot be opened: look at its path.") from None


@asynccontextmanager
async def open_database(
    url: str, *, pool_size: int = 10, wait_seconds: float = 3.0, seconds_left: Callable[[], float] = _enough
) -> AsyncIterator[UnitsOfWork]:
    """The units of work of one database, connected; raises Unavailable when it cannot be reached.

    Tortoise connects at the first statement: one is run here, so that a wrong address is told at once. Closing asks
    `seconds_left` how long it may wait; a database that is silent then is left without a farewell.
    """
    check_first_connect(url)
    slots = 1 if is_sqlite(url) else pool_size
    context = TortoiseContext()
    with context:
        await context.init(config=tortoise_config(url, pool_size=pool_size))
    units = UnitsOfWork(context, slots=slots, wait_seconds=wait_seconds)
    try:
        await units.ping()
        yield units
    finally:
        await units.drain(min(_DRAIN_SECONDS, seconds_left()))
        await _close(context, seconds_left())


async def _close(context: TortoiseContext, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await context.connections.close_all()
    except TimeoutError:  # a pool that is not let close terminates its connections
        logger.warning("the database did not let its connections be closed in time")
