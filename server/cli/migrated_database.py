"""What a command needs that works on the database alone: DATABASE_URL, connected and migrated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.problems import Unavailable
from models.database import open_database
from models.migrator import pending_migrations
from models.unit_of_work import UnitsOfWork
from server.cli.command_logs import command_logs
from server.cli.database_file import check_is_there
from server.settings import Settings

_CONNECTIONS = 2


@asynccontextmanager
async def open_migrated_database(settings: Settings, *, wait_seconds: float) -> AsyncIterator[UnitsOfWork]:
    """Its units of work, each waited for `wait_seconds`, once logging is set up.

    Raises Unavailable for a database that is not there, cannot be reached or is not migrated.
    """
    url = settings.database_url.get_secret_value()
    with command_logs(settings):
        check_is_there(settings)
        async with open_database(url, pool_size=_CONNECTIONS, wait_seconds=wait_seconds) as units:
            if await pending_migrations(units):
                raise Unavailable("the database is not migrated; run appletql migrate")
            yield units
