"""Doctor's look at WeChat: reachable, the clocks agree, and each mini program's credentials are right."""

import asyncio
from collections.abc import AsyncIterator

from server.doctor_findings import Finding, fault, fine, skipped, warning
from server.settings import PREFIX, Settings
from server.wiring import mini_program_credentials, open_wechat
from wechat.apps import App
from wechat.client import WeChat
from wechat.errors import Busy, Misconfigured, RateLimited, Unavailable, Unreadable, WeChatError

_LONGEST_WAIT = 5.0  # seconds for one call, whatever the setting allows: two calls in a row are the longest way
_APPS_AT_ONCE = 40
_ODD_SKEW, _FATAL_SKEW = 60.0, 300.0
_URL = f"{PREFIX}WECHAT_API_URL"

_NOT_WECHAT = f"Look at {_URL}, and at proxies and portals between this server and WeChat."
_SET_THE_CLOCK = (
    "Let NTP set this server's clock (timedatectl set-ntp true): WeChat Pay refuses what is 300 seconds off."
)


async def check_wechat(settings: Settings) -> AsyncIterator[Finding]:
    """The findings as they come. WeChat gives the access_token that serving uses, too: nothing is taken from it."""
    wait = min(settings.wechat_timeout, _LONGEST_WAIT)
    try:
        async with open_wechat(settings.model_copy(update={"wechat_timeout": wait})) as wechat:
            async for finding in _ask(wechat, settings):
                yield finding
    except Misconfigured as error:
        yield fault("WeChat", f"{_URL} is no usable address", error.advice)


async def _ask(wechat: WeChat, settings: Settings) -> AsyncIterator[Finding]:
    apps = mini_program_credentials(settings)
    reached = await _reach(wechat, settings)
    for finding in reached:
        yield finding
    if len(reached) == 1:
        for check in ("clock", *map(_credentials, apps)):
            yield skipped(check, "WeChat cannot be reached")
        return
    turns = asyncio.Semaphore(_APPS_AT_ONCE)
    for finding in await asyncio.gather(*(_ask_credentials(wechat, app, turns) for app in apps)):
        yield finding
    if not apps:
        yield skipped("credentials", "no mini program is configured")


async def _reach(wechat: WeChat, settings: Settings) -> list[Finding]:
    """WeChat and its clock; WeChat alone where it cannot be reached."""
    reached = fine("WeChat", f"answers at {settings.wechat_api_url}")
    try:
        skew = await wechat.clock_skew()
    except Unreadable:
        return [reached, warning("clock", "the answer shows no time to compare with", _NOT_WECHAT)]
    except Unavailable as error:
        return [fault("WeChat", f"{settings.wechat_api_url}: {error.meaning}", _how_to_reach(settings))]
    return [reached, _clock(skew)]


def _how_to_reach(settings: Settings) -> str:
    if settings.sandbox_url:
        return f"Start the sandbox (appletql sandbox), or look at {_URL}."
    return f"Let this server reach it: look at DNS, the firewall and {_URL}; proxies of the environment are not used."


def _clock(skew: float) -> Finding:
    seconds = round(abs(skew))
    if seconds < _ODD_SKEW:
        return fine("clock", "agrees with WeChat's")
    found = f"this server's is {seconds} seconds {'ahead of' if skew > 0 else 'behind'} WeChat's"
    return (fault if seconds >= _FATAL_SKEW else warning)("clock", found, _SET_THE_CLOCK)


def _credentials(app: App) -> str:
    return f"credentials of {app.appid}"


async def _ask_credentials(wechat: WeChat, app: App, turns: asyncio.Semaphore) -> Finding:
    check = _credentials(app)
    try:
        async with turns:
            await wechat.check_credentials(app)
    except Misconfigured as error:
        return fault(check, f"WeChat refuses them ({error})", error.advice)
    except (Busy, RateLimited) as error:
        return warning(check, f"could not be checked ({error})", "Run appletql doctor again in a minute.")
    except Unreadable as error:
        return fault(check, f"what answers is not WeChat ({error})", _NOT_WECHAT)
    except Unavailable as error:
        return fault(check, f"no answer ({error})", "Run appletql doctor again; look at the way to WeChat.")
    except WeChatError as error:
        return fault(check, f"WeChat refuses to answer ({error})", "Look the errcode up in WeChat's documentation.")
    return fine(check, "WeChat accepts them")
