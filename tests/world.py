"""A whole AppletQL against a real sandbox over a real socket: what the end-to-end tests act upon."""

import asyncio
import atexit
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from cryptography.fernet import Fernet

from models.accounts import Identity, Session, User
from models.unit_of_work import UnitsOfWork
from sandbox.server import SandboxServer, create_server, running
from server.app import Application
from server.settings import Settings, read_settings
from tests import canaries

T = TypeVar("T")
_BACKGROUND = "_told"
_pictures = tempfile.TemporaryDirectory(prefix="appletql-media-", ignore_cleanup_errors=True)
atexit.register(_pictures.cleanup)

LOGIN = """
mutation ($code: String!, $appId: String, $shareCode: String) {
  login(input: {code: $code, appId: $appId, shareCode: $shareCode}) {
    __typename
    ... on LoginSuccess { token expiresAt isNewUser user { id nickname } }
    ... on Problem { code message recovery }
    ... on InvalidInput { field issues { field message } }
    ... on WeChatProblem { errcode }
  }
}"""
ME = "{ me { id nickname } session { expiresAt } }"


@dataclass
class World:
    """`api` calls the server, `control` the sandbox."""

    application: Application
    sandbox: SandboxServer
    api: httpx.AsyncClient
    control: httpx.AsyncClient
    database_url: str

    @property
    def units(self) -> UnitsOfWork:
        return self.application.process.units

    @property
    def appids(self) -> list[str]:
        return list(self.sandbox.wechat.apps)

    async def order(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> dict[str, Any]:
        """A call of the sandbox's remote control."""
        answer = await self.control.request(method, f"/_sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def person(self, **given: Any) -> str:
        """The openid of a new person, or of the one in `given` after a change."""
        user = await self.order("users", given)
        canaries.add(user["openid"], user["unionid"])
        if user["phone"]:
            canaries.add(*canaries.phone_forms(user["phone"]))
        return str(user["openid"])

    async def code(self, openid: str | None = None, appid: str | None = None) -> str:
        given = {"openid": openid, "appid": appid}
        answer = await self.order("wx/login", {name: value for name, value in given.items() if value})
        canaries.add(answer["code"], answer["openid"])
        return str(answer["code"])

    async def fault(self, fault: str, path: str = "/sns/jscode2session", times: int = 1) -> None:
        await self.order("faults", {"faults": [{"path": path, "fault": fault, "times": times}]}, "PUT")

    async def advance(self, seconds: float) -> None:
        await self.order("clock", {"advance": seconds})
        followed = self.application.process.sandbox_clock
        assert followed is not None
        async with asyncio.timeout(30):  # a server that was too busy to look leaves the clock alone for a while
            while abs(followed._clock.offset.total_seconds() - self.sandbox.wechat.clock.offset) > 1e-3:
                followed._rest_until = 0.0
                await followed.follow()

    async def calls(self, path: str = "/sns/jscode2session") -> int:
        return int((await self.order("state", method="GET"))["calls"][path])

    async def ask(
        self, query: str, token: str | None = None, variables: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The whole answer to an operation, which is JSON with status 200."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        answer = await self.api.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def login(
        self, code: str, app_id: str | None = None, token: str | None = None, share_code: str | None = None
    ) -> dict[str, Any]:
        """The result of `login`, whatever member of its union it is."""
        answer = await self.ask(LOGIN, token, {"code": code, "appId": app_id, "shareCode": share_code})
        assert "errors" not in answer, answer
        result: dict[str, Any] = answer["data"]["login"]
        canaries.add(result.get("token"))
        return result

    async def sign_in(
        self, openid: str | None = None, appid: str | None = None, share_code: str | None = None
    ) -> dict[str, Any]:
        """A successful login of a person, who is a new one when no openid is given."""
        result = await self.login(await self.code(openid, appid), appid, share_code=share_code)
        assert result["__typename"] == "LoginSuccess", result
        return result

    async def read(self, body: Callable[[], Awaitable[T]]) -> T:
        return await self.units.read(body)


async def rows(world: World) -> tuple[int, int, int]:
    """How many users, identities and sessions are stored."""

    async def count() -> tuple[int, int, int]:
        return await User.all().count(), await Identity.all().count(), await Session.all().count()

    return await world.read(count)


def error_codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def new_media_url() -> str:
    """An empty store of pictures, which goes with the test run."""
    return f"file://{tempfile.mkdtemp(dir=_pictures.name)}"


def make_settings(database_url: str, sandbox: SandboxServer, **given: Any) -> Settings:
    apps = [{"appid": app.appid, "secret": app.secret, "name": app.name} for app in sandbox.wechat.apps.values()]
    canaries.add(*(app["secret"] for app in apps))
    known: dict[str, Any] = {
        "environment": "development",
        "database_url": database_url,
        "secret_keys": Fernet.generate_key().decode(),
        "wechat_api_url": sandbox.url,
        "apps": apps,
        "media_url": new_media_url(),
        "public_url": "http://appletql.test",
    }
    return read_settings(_env_file=None, **(known | given))


@asynccontextmanager
async def open_world(database_url: str, **given: Any) -> AsyncIterator[World]:
    """A server on a database and a sandbox of its own; `given` are settings."""
    async with running(create_server(port=0, embedded=True), abruptly=True) as sandbox:
        application = Application(make_settings(database_url, sandbox, **given))
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with (
            application.router.lifespan_context(application),
            httpx.AsyncClient(transport=transport, base_url="http://appletql.test", timeout=30, verify=False) as api,  # noqa: S501  (no network)
            httpx.AsyncClient(base_url=sandbox.url, timeout=30, verify=False) as control,  # noqa: S501  (plain HTTP)
        ):
            yield World(application, sandbox, api, control, database_url)
            canaries.add(*secrets_of(sandbox))


def secrets_of(sandbox: SandboxServer) -> set[str]:
    """session_keys and access_tokens, which never leave the server, and everybody's phone number."""
    text = json.dumps(sandbox.wechat.state.to_json())
    keys = set(re.findall(r'"(?:session_key|token|value)": "([^"]{16,})"', text))
    numbers = re.findall(r'"phone": "([^"]+)"', text)
    return keys.union(*map(canaries.phone_forms, numbers))


async def gather(calls: list[Awaitable[T]], at_once: int = 50) -> list[T]:
    """The results of many calls, at most `at_once` under way together."""
    slots = asyncio.Semaphore(at_once)

    async def one(call: Awaitable[T]) -> T:
        async with slots:
            return await call

    return list(await asyncio.gather(*(one(call) for call in calls)))


async def quiet() -> None:
    """The server has nothing under way in the background."""
    while tasks := [task for task in asyncio.all_tasks() if _name(task) == _BACKGROUND]:
        await asyncio.wait(tasks, timeout=30)


def _name(task: "asyncio.Task[Any]") -> str:
    return str(getattr(task.get_coro(), "__name__", ""))
