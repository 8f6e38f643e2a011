"""What survives every kill: a sandbox with a state file, as a process, and a kind of database."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from sandbox.apps import DEFAULT_APPS
from server.settings import Settings, read_settings
from tests.databases import Databases
from tests.process.running import free_port
from tests.worker.children import process

_SECONDS = 60.0


@dataclass
class Ground:
    """What survives: a sandbox process and a kind of database."""

    folder: Path
    databases: Databases
    sandbox_url: str
    merchant: dict[str, Any]
    apps: list[dict[str, str]]

    def settings(self) -> Settings:
        """Of a new database and a new server."""
        port = free_port()
        return read_settings(
            _env_file=None,
            environment="development",
            database_url=self.databases.fresh(),
            secret_keys=Fernet.generate_key().decode(),
            wechat_api_url=self.sandbox_url,
            pay_api_url=self.sandbox_url,
            public_url=f"http://127.0.0.1:{port}",
            port=port,
            order_ttl=5,
            media_url=f"file://{self.folder}/media",
            apps=self.apps,
            drain_seconds=0,
            **self.merchant,
        )


@asynccontextmanager
async def ground(databases: Databases) -> AsyncIterator[Ground]:
    """A sandbox with a state file, as a process; its merchant's keys in files."""
    with tempfile.TemporaryDirectory(prefix="appletql-kills-") as name:
        folder, port = Path(name), free_port()
        (folder / "media").mkdir()
        url = f"http://127.0.0.1:{port}"
        command = ("server", "sandbox", "--port", str(port), "--state", str(folder / "state.json"))
        async with process(folder, command, {}) as sandbox, httpx.AsyncClient(base_url=url, timeout=30) as control:
            await ready(control, "/_sandbox/clock", sandbox)
            merchant = (await control.get("/_sandbox/merchant")).json()
            yield Ground(folder, databases, url, _merchant(merchant, folder), _apps())


def _merchant(told: dict[str, Any], folder: Path) -> dict[str, Any]:
    key_file, public_key_file = folder / "apiclient_key.pem", folder / "pub_key.pem"
    key_file.write_text(told["privateKey"])
    public_key_file.write_text(told["publicKey"])
    return {
        "mchid": told["mchid"],
        "mch_serial": told["serial"],
        "mch_key_file": key_file,
        "apiv3_key": told["apiv3Key"],
        "pay_public_key_id": told["publicKeyId"],
        "pay_public_key_file": public_key_file,
    }


def _apps() -> list[dict[str, str]]:
    return [{"appid": app.appid, "secret": app.secret, "name": app.name} for app in DEFAULT_APPS]


async def ready(client: httpx.AsyncClient, path: str, running: asyncio.subprocess.Process) -> None:
    """Waits until the process answers; raises TimeoutError where it does not, or ended."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and running.returncode is None:
        try:
            if (await client.get(path)).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{path} did not become ready")
