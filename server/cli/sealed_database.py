"""What a command needs that reads sealed values: DATABASE_URL and SECRET_KEYS, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.problems import Unavailable
from models.database import open_database
from models.encryption import Cipher
from models.migrator import pending_migrations
from models.unit_of_work import UnitsOfWork
from server.settings import PREFIX, Settings, SettingsError
from server.settings_rules import faults_for_serving

SECRET_KEYS = f"{PREFIX}SECRET_KEYS"

_CONNECTIONS = 2
_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class SealedDatabase:
    """An open database, and what opens its values."""

    units: UnitsOfWork
    cipher: Cipher


def check_secret_keys(settings: Settings) -> None:
    """Raises SettingsError when a key is missing or is none."""
    # As in development: a key that anybody can guess must open what it sealed, or nobody could rotate away from it.
    faults = faults_for_serving(settings.model_copy(update={"environment": "development"}))
    if found := [fault for fault in faults if fault.setting == SECRET_KEYS]:
        raise SettingsError(found)


@asynccontextmanager
async def open_sealed_database(settings: Settings) -> AsyncIterator[SealedDatabase]:
    """Raises SettingsError, and Unavailable for a database that cannot be reached or is not migrated."""
    check_secret_keys(settings)
    url = settings.database_url.get_secret_value()
    async with open_database(url, pool_size=_CONNECTIONS, wait_seconds=_WAIT_SECONDS) as units:
        if await pending_migrations(units):
            raise Unavailable("the database is not migrated; run appletql migrate")
        yield SealedDatabase(units, Cipher([key.get_secret_value() for key in settings.secret_keys]))
