"""What a command needs that reads sealed values: DATABASE_URL and SECRET_KEYS, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from server.cli.migrated_database import open_migrated_database
from server.settings import PREFIX, Settings, SettingsError
from server.settings_rules import faults_for_serving

SECRET_KEYS = f"{PREFIX}SECRET_KEYS"

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
    """Raises SettingsError, and Unavailable for a database that is not there, cannot be reached or is not migrated."""
    check_secret_keys(settings)
    async with open_migrated_database(settings, wait_seconds=_WAIT_SECONDS) as units:
        yield SealedDatabase(units, Cipher([key.get_secret_value() for key in settings.secret_keys]))
