"""Our commands as processes beside a shop: the settings of its server as environment variables."""

import asyncio
import itertools
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from server.settings import AppSettings, Settings
from tests import canaries
from tests.process.running import SECONDS, clean_environment

SWEEP = ("worker", "--once")
_numbers = itertools.count(1)


def environment_of(settings: Settings) -> dict[str, str]:
    """Everything that is set, as the commands read it."""
    given = {name: _written(value) for name, value in settings if value not in (None, ())}
    return {f"APPLETQL_{name.upper()}": value for name, value in given.items()}


def _written(value: Any) -> str:
    if isinstance(value, tuple) and all(isinstance(each, AppSettings) for each in value):
        return json.dumps(
            [{"appid": it.appid, "secret": it.secret.get_secret_value(), "name": it.name} for it in value]
        )
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _app(app: AppSettings) -> dict[str, str]:
    return {"appid": app.appid, "secret": app.secret.get_secret_value(), "name": app.name}


@asynccontextmanager
async def child(folder: Path, settings: Settings, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command in the background, its output in a file of the folder; killed at the end if it still runs."""
    path = folder / f"output-{next(_numbers)}"
    with path.open("w", encoding="utf-8") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", *arguments),
            cwd=folder,
            env=clean_environment(**environment_of(settings)),
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            canaries.keep(path.read_text(encoding="utf-8"))


async def sweep_in_a_process(folder: Path, settings: Settings) -> None:
    """`appletql worker --once`, to its end."""
    async with child(folder, settings, *SWEEP) as process, asyncio.timeout(60):
        assert await process.wait() == 0


async def end(process: asyncio.subprocess.Process) -> int:
    """SIGTERM, and the exit code."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        return await process.wait()
