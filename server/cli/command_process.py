"""A whole process for a command that asks WeChat: the server's, with a command's logs and the sandbox's clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.cli.business_clock import business_clock
from server.cli.command_logs import command_logs
from server.cli.database_file import check_is_there
from server.cli.serving_process import open_process
from server.settings import Settings
from server.wiring import Process


@asynccontextmanager
async def open_command_process(settings: Settings) -> AsyncIterator[Process]:
    """Raises Unavailable, also for a database that is not there or not migrated."""
    with command_logs(settings) as quieter:
        check_is_there(settings)
        _ = await business_clock(settings)  # the process follows by itself, and tells nobody when it cannot
        async with open_process(quieter) as process:
            yield process
