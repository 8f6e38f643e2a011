"""The composition root: opens everything once, hands it out, and closes it in the right order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from domain.clock import BusinessClock
from models.database import open_database
from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from resolvers.context import Services
from server.sandbox_clock import SandboxClock
from server.settings import Settings
from services.accounts.login import Login
from services.accounts.sessions import Sessions
from services.accounts.wechat_sessions import WeChatSessions
from services.mini_programs import MiniPrograms
from wechat.apps import App
from wechat.client import WeChat
from wechat.http import new_http_client


@dataclass(frozen=True)
class Process:
    """What the process has open."""

    services: Services
    units: UnitsOfWork
    sandbox_clock: SandboxClock | None


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Process]:
    """Everything that serving needs; raises Unavailable when the database cannot be reached.

    Closing runs backwards: calls to WeChat end, then units of work, then their connections.
    """
    clock = BusinessClock()
    cipher = Cipher([key.get_secret_value() for key in settings.secret_keys])
    mini_programs = MiniPrograms(mini_program_credentials(settings))
    async with AsyncExitStack() as stack:
        units = await stack.enter_async_context(
            open_database(settings.database_url.get_secret_value(), pool_size=settings.database_pool_size)
        )
        wechat = await stack.enter_async_context(open_wechat(settings))
        services = Services(
            login=Login(units, wechat, mini_programs, cipher, clock),
            sessions=Sessions(units, clock),
            wechat_sessions=WeChatSessions(units, wechat, mini_programs, cipher),
        )
        yield Process(services, units, await _sandbox_clock(stack, settings, clock))


@asynccontextmanager
async def open_wechat(settings: Settings) -> AsyncIterator[WeChat]:
    """The wire to WeChat, or to what stands in its place; raises Misconfigured for an address that is none."""
    async with new_http_client() as http:
        wechat = WeChat(http, settings.wechat_api_url, deadline=settings.wechat_timeout)
        try:
            yield wechat
        finally:
            await wechat.aclose()


def mini_program_credentials(settings: Settings) -> list[App]:
    """The configured mini programs, in the order of the settings."""
    return [App(app.appid, app.secret.get_secret_value(), app.name) for app in settings.mini_programs]


async def _sandbox_clock(stack: AsyncExitStack, settings: Settings, clock: BusinessClock) -> SandboxClock | None:
    if settings.sandbox_url is None:
        return None
    http = await stack.enter_async_context(new_http_client())
    return SandboxClock(http, settings.sandbox_url, clock)
