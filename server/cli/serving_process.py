"""What a command needs that asks WeChat: the settings of serving, everything open, the sandbox's clock followed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.problems import Unavailable
from models.migrator import pending_migrations
from server.logs import configure_logging
from server.settings import Settings, SettingsError, read_settings
from server.settings_rules import faults_for_serving
from server.wiring import Process, open_services


def read_settings_for_serving() -> Settings:
    """Raises SettingsError with every fault."""
    settings = read_settings()
    if faults := faults_for_serving(settings):
        raise SettingsError(faults)
    return settings


@asynccontextmanager
async def open_process(settings: Settings) -> AsyncIterator[Process]:
    """As the server has it, but without a socket; raises Unavailable, also for a database that is not migrated."""
    configure_logging(settings.log_level, as_json=settings.is_production)
    async with open_services(settings) as process:
        if await pending_migrations(process.units):
            raise Unavailable("the database is not migrated; run appletql migrate")
        if process.sandbox_clock is not None:
            await process.sandbox_clock.follow()
        yield process
