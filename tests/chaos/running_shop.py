"""A shop whose server is a process of its own, with the worker in it, against a sandbox in this one."""

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography.fernet import Fernet

from models.migrator import migrate
from sandbox.server import SandboxServer, create_server, running
from tests.chaos.load import outcome_of
from tests.chaos.proxy import Wire, wire_to
from tests.process.running import clean_environment, free_port, run
from tests.shop import merchant_settings

LOGIN = """mutation ($code: String!) { login(input: {code: $code}) {
  ... on LoginSuccess { token } ... on Problem { code } } }"""
CREATE = """mutation ($input: CreateOrderInput!) { createOrder(input: $input) {
  ... on CreateOrderSuccess { order { id number } } ... on Problem { code } } }"""
ME = "{ me { id } }"
ORDERS = "{ me { orders(first: 5) { nodes { id status } } } }"


@dataclass
class RunningShop:
    """`wire` stands between the server and WeChat; `acknowledged` are the numbers of orders by the key of each."""

    url: str
    process: "subprocess.Popen[bytes]"
    sandbox: SandboxServer
    wire: Wire
    api: httpx.AsyncClient
    environment: dict[str, str]
    tokens: list[str] = field(default_factory=list)
    product: str = ""
    keys: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def send(self, query: str, token: str | None = None, **variables: object) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.api.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    def code(self) -> str:
        """What wx.login gives; the phone is never cut off from WeChat."""
        wechat = self.sandbox.wechat
        appid = next(iter(wechat.apps))
        return wechat.login_codes.issue(wechat.people.create(appid, {}))

    def next_token(self) -> str:
        return self.tokens[next(self._numbers) % len(self.tokens)]

    async def login(self) -> str:
        return outcome_of(await self.send(LOGIN, code=self.code()))

    async def create(self, token: str | None = None, key: str | None = None) -> str:
        """With a fresh key unless one is given; every key is kept."""
        token = token or self.next_token()
        if key is None:
            key = f"key-{next(self._numbers)}"
            self.keys.append((token, key))
        items = [{"productId": self.product, "quantity": 1}]
        answer = await self.send(CREATE, token, input={"items": items, "idempotencyKey": key})
        if (outcome := outcome_of(answer)) == "ok":
            self.acknowledged[key] = answer.json()["data"]["createOrder"]["order"]["number"]
        return outcome

    async def me(self) -> str:
        return outcome_of(await self.send(ME, self.next_token()))

    async def orders(self) -> str:
        return outcome_of(await self.send(ORDERS, self.next_token()))

    async def ready(self) -> str:
        """What the server says of itself: `ok`, or what it misses."""
        answer = (await self.api.get("/readyz")).json()
        return "ok" if answer["ready"] else ", ".join(answer["faults"])

    def memory(self) -> int:
        """Resident bytes of the server's process."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def running_shop(
    folder: Path, database_url: str, *, buyers: int = 60, **settings: str
) -> AsyncIterator[RunningShop]:
    """Migrated, with buyers who are signed in and one product; `settings` are more environment variables."""
    await migrate(database_url, lambda _name: None)
    async with running(create_server(port=0, embedded=True), abruptly=True) as sandbox:
        address = urlsplit(sandbox.url)
        async with wire_to(address.hostname or "", address.port or 0) as wire:
            port = free_port()
            environment = _environment(folder, database_url, sandbox, wire, port) | settings
            (folder / "goods.csv").write_text("key,title,price\ntea,Tea,1250\n", encoding="utf-8")
            imported = await asyncio.to_thread(run, folder, "products", "import", "goods.csv", **environment)
            assert imported.returncode == 0, imported.stderr
            with (folder / "server.log").open("wb") as log:
                process = subprocess.Popen(  # noqa: ASYNC220  (started once, waited for below)
                    [sys.executable, "-m", "server", "serve", "--with-worker"],
                    cwd=folder,
                    env=clean_environment(**environment),
                    stdout=log,
                    stderr=log,
                )
                try:
                    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=200)
                    url = f"http://127.0.0.1:{port}"
                    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits, trust_env=False) as api:
                        shop = RunningShop(url, process, sandbox, wire, api, environment)
                        await _open(shop, buyers)
                        yield shop
                        await _verify(folder, database_url)
                finally:
                    process.kill()
                    process.wait()


async def _verify(folder: Path, database_url: str) -> None:
    """Whatever was done to the shop, its books agree, beside the server that goes on."""
    verified = await asyncio.to_thread(run, folder, "verify", APPLETQL_DATABASE_URL=database_url)
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def _open(shop: RunningShop, buyers: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await shop.api.get("/readyz")).is_success:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    answer = await shop.send("{ products { nodes { id } } }")
    shop.product = answer.json()["data"]["products"]["nodes"][0]["id"]
    for _ in range(buyers):
        shop.tokens.append((await shop.send(LOGIN, code=shop.code())).json()["data"]["login"]["token"])


def _environment(folder: Path, database_url: str, sandbox: SandboxServer, wire: Wire, port: int) -> dict[str, str]:
    apps = ",".join(
        f'{{"appid": "{app.appid}", "secret": "{app.secret}"}}' for app in list(sandbox.wechat.apps.values())[:1]
    )
    given = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": database_url,
        "SECRET_KEYS": Fernet.generate_key().decode(),
        "APPS": f"[{apps}]",
        "WECHAT_API_URL": wire.url,
        "PAY_API_URL": wire.url,
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
        **{name.upper(): str(value) for name, value in merchant_settings(sandbox.wechat.pay.merchant, folder).items()},
    }
    return {f"APPLETQL_{name}": value for name, value in given.items()}
