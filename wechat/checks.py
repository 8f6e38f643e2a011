"""What an operator asks before going live: do the clocks agree, are an app's credentials right."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from domain.clock import Clock
from wechat.access_token import fetch_access_token
from wechat.api import Api
from wechat.apps import App
from wechat.errors import Unreadable


async def clock_skew(api: Api, clock: Clock) -> float:
    """Seconds by which `clock` is ahead of WeChat's, to about a second; negative where it is behind.

    Raises Unavailable where WeChat cannot be reached or shows no clock.
    """
    before = clock()
    answer = await api.reach()
    ours = before + (clock() - before) / 2
    theirs = _moment(answer.headers.get("date", ""))
    if theirs is None:
        raise Unreadable("/", "no usable Date")
    return (ours - theirs).total_seconds()


def _moment(date: str) -> datetime | None:
    """A Date header as a moment, with half of the second that it was cut by; None where it is not one."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + timedelta(seconds=0.5)
    except (ValueError, OverflowError):
        return None


async def check_credentials(api: Api, app: App) -> None:
    """Return where WeChat gives the app an access_token; otherwise raise its WeChatError, with its advice."""
    await fetch_access_token(api, app)
