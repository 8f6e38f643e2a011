"""Our own commands as processes: started in a clean environment, bounded in time, stopped by their process id."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests import canaries

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 30


def free_port() -> int:
    """One that nobody listens on, below those that the system gives to outgoing connections at any moment."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def clean_environment(**given: str) -> dict[str, str]:
    """This process's environment without our settings, and with the packages of this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APPLETQL_")}
    return kept | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"} | given


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=folder,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    canaries.keep(done.stdout + done.stderr)
    return done


@contextmanager
def started(folder: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command in the background, its output in `folder`/output; killed at the end if it still runs."""
    with (folder / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", *arguments],
            cwd=folder,
            env=clean_environment(**environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=SECONDS)
            if arguments[0] != "sandbox":  # which shows the secrets of its made-up apps on purpose
                canaries.keep((folder / "output").read_text(encoding="utf-8"))


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{url} did not become ready")


def stop(process: subprocess.Popen[str]) -> int:
    """SIGTERM, and the exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=SECONDS)


async def run_module(module: str, *arguments: str, patience: float) -> str:
    """What a module of ours says as a process of its own, both streams; killed after `patience` seconds."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=REPOSITORY,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(patience):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode()
