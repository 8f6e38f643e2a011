"""What the doctor's tests are made of: settings that are right but for one thing, and a look at the findings."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from wsgiref.handlers import format_date_time

import httpx
from cryptography.fernet import Fernet
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.accounts import Identity, User
from models.database import open_database
from models.encryption import Cipher
from sandbox.apps import DEFAULT_APPS
from sandbox.pay.keys import APIV3_KEY
from sandbox.server import SandboxServer, create_server
from server.doctor import examine
from server.doctor_findings import Finding, Verdict
from server.settings import Settings, read_settings
from tests.databases import Databases

ONE, TWO = DEFAULT_APPS
KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
CANARY = "c4n4ry-0fa9"
OPENID = "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
SESSION_KEY = "tiihtNczf5v6AKRyjwEUhQ=="
PRIVATE = (ONE.secret, TWO.secret, KEY, OTHER_KEY, CANARY, OPENID, SESSION_KEY, APIV3_KEY, "PRIVATE KEY")
MERCHANT = (
    "pay_api_url",
    "mchid",
    "mch_serial",
    "mch_key_file",
    "apiv3_key",
    "pay_public_key_id",
    "pay_public_key_file",
)
TOKEN_PATH = "/cgi-bin/stable_token"


@dataclass
class Patient:
    """Settings that are right, by field name."""

    sandbox: SandboxServer
    given: dict[str, Any]

    def settings(self, **wrong: Any) -> Settings:
        """All of it, but for what is wrong."""
        return read_settings(_env_file=None, **{**self.given, **wrong})

    async def findings(self, **wrong: Any) -> list[Finding]:
        return await findings(self.settings(**wrong))

    def variables(self, **wrong: str) -> dict[str, str]:
        """The same as environment variables, for one mini program."""
        found = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.given["database_url"],
            "SECRET_KEYS": KEY,
            "APPID": ONE.appid,
            "APPSECRET": ONE.secret,
            "WECHAT_API_URL": self.sandbox.url,
            **{name.upper(): str(value) for name, value in self.given.items() if name in MERCHANT},
        }
        return {f"APPLETQL_{name}": value for name, value in {**found, **wrong}.items()}

    async def fault(self, fault: str, path: str = TOKEN_PATH) -> None:
        """Order it of the sandbox for the next ten calls."""
        body = {"faults": [{"path": path, "fault": fault, "times": 10}]}
        async with httpx.AsyncClient(base_url=self.sandbox.url, trust_env=False) as http:
            answer = await http.put("/_sandbox/faults", json=body)
            assert answer.status_code == 200, answer.text


async def findings(settings: Settings) -> list[Finding]:
    """All of them, after a look that nothing private is told."""
    found = [finding async for finding in examine(settings)]
    shown = str([asdict(finding) for finding in found])
    assert not [private for private in PRIVATE if private in shown]
    assert all(finding.advice for finding in found if finding.verdict in (Verdict.WARNING, Verdict.FAULT))
    return found


def of(found: list[Finding], verdict: Verdict) -> list[str]:
    return [finding.check for finding in found if finding.verdict is verdict]


def faults(found: list[Finding]) -> list[str]:
    return of(found, Verdict.FAULT)


def the(found: list[Finding], check: str) -> Finding:
    (finding,) = [finding for finding in found if finding.check == check]
    return finding


async def add_person(database_url: str, key: str) -> None:
    """One person with a stored session_key, sealed with `key`."""

    async def write() -> None:
        now = "2026-11-21 09:00:00+00:00"
        user = await User.create(id=f"usr_{key[:9]}", created_at=now)
        _ = await Identity.create(
            id=f"idn_{key[:9]}",
            user=user,
            appid=ONE.appid,
            openid=f"{OPENID}{key[:9]}",
            session_key=Cipher([key]).seal(SESSION_KEY),
            created_at=now,
        )

    async with open_database(database_url) as units:
        await units.run(write)


def contents(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def dumped(databases: Databases, url: str) -> list[bytes]:
    """A database by its lines, without the random word that pg_dump guards its output with."""
    guards = (b"\\restrict ", b"\\unrestrict ")
    return sorted(line for line in databases.dump(url).splitlines() if not line.startswith(guards))


def sandbox_with_date(ahead: float | None) -> SandboxServer:
    """A sandbox whose clock, as `Date` shows it, is `ahead` of this machine's by so many seconds; None: no `Date`."""
    server = create_server(port=0, embedded=True)
    server.config.date_header = False
    server.config.app = _dated(server.config.app, ahead)
    return server


def _dated(application: Any, ahead: float | None) -> ASGIApp:
    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start" and ahead is not None:
                date = format_date_time(time.time() + ahead).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await application(scope, receive, send_dated)

    return dated


@asynccontextmanager
async def refusing_postgres(sqlstate: str) -> AsyncIterator[str]:
    """The address of a PostgreSQL that answers each connection with one error, whose text holds the canary."""
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{CANARY}\0\0".encode()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # the question whether it speaks TLS
        writer.write(b"N")
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        writer.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)
        writer.close()

    async with _listening(refuse) as port:
        yield f"postgres://user:{CANARY}@127.0.0.1:{port}/shop"


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """The port of a server that accepts and never answers."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with _listening(wait) as port:
        yield port


@asynccontextmanager
async def _listening(handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[int]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()
