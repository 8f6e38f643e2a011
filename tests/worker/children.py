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
    """A command of ours in the background, with these settings; killed at the end if it still runs."""
    async with process(folder, ("server", *arguments), environment_of(settings)) as running:
        yield running


@asynccontextmanager
async def process(
    folder: Path, module: tuple[str, ...], environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module with arguments in the background, its output in a file of the folder; killed at the end."""
    path = folder / f"output-{next(_numbers)}"
    with path.open("w", encoding="utf-8") as output:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *module),
            cwd=folder,
            env=clean_environment(**environment),
            stdout=output,
            stderr=output,
        )
        try:
            yield running
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
            if module[1] != "sandbox":  # which shows the secrets of its made-up apps on purpose
                canaries.keep(path.read_text(encoding="utf-8"))


async def sweep_in_a_process(folder: Path, settings: Settings) -> None:
    """`appletql worker --once`, to its end."""
    async with child(folder, settings, *SWEEP) as running, asyncio.timeout(120):
        assert await running.wait() == 0, "see its output"


async def end(running: asyncio.subprocess.Process) -> int:
    """SIGTERM, and the exit code; thirty seconds are enough."""
    running.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        return await running.wait()
