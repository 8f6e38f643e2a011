"""What an operator asks: WeChat's clock, and an app's credentials."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wechat.scripted import APP, Reply, Script, open_wechat, refusal
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN

pytestmark = pytest.mark.anyio

DATE = "Sat, 21 Nov 2026 09:00:00 GMT"
THEN = datetime(2026, 11, 21, 9, 0, 0, 500_000, tzinfo=UTC)


async def skew(reply: Reply, ours: datetime = THEN) -> float:
    async with open_wechat(Script({"/": [reply]}), clock=lambda: ours) as wechat:
        return await wechat.clock_skew()


@pytest.mark.parametrize("seconds", [0, 400, -400, 0.25])
async def test_the_skew_is_how_far_we_are_ahead(seconds: float) -> None:
    ours = THEN + timedelta(seconds=seconds)

    assert await skew(httpx.Response(200, headers={"date": DATE}), ours) == seconds


@pytest.mark.parametrize("status", [200, 301, 404, 500])
async def test_any_answer_shows_the_clock(status: int) -> None:
    assert await skew(httpx.Response(status, headers={"date": DATE, "location": "/elsewhere"})) == 0


async def test_the_time_that_the_answer_took_is_shared_out() -> None:
    moments = iter([THEN - timedelta(seconds=1), THEN + timedelta(seconds=2)])
    script = Script({"/": [httpx.Response(200, headers={"date": DATE})]})
    async with open_wechat(script, clock=lambda: next(moments)) as wechat:
        assert await wechat.clock_skew() == 0.5
    assert script.count("/") == 1


@pytest.mark.parametrize(
    "date", [None, "", "now", "Sat, 99 Nov 2026 09:00:00 GMT", f"Sat, 21 Nov {10**30} 09:00:00 GMT"]
)
async def test_without_a_clock_there_is_no_skew(date: str | None) -> None:
    headers = {} if date is None else {"date": date}

    with pytest.raises(errors.Unreadable, match="no usable Date"):
        await skew(httpx.Response(200, headers=headers))


@settings(deadline=None)
@given(date=st.text(st.characters(max_codepoint=126, min_codepoint=32)))
async def test_no_date_escapes_as_a_foreign_error(date: str) -> None:
    try:
        assert isinstance(await skew(httpx.Response(200, headers={"date": date})), float)
    except errors.Unreadable as error:
        assert error.__context__ is None  # noqa: PT017  (either outcome is right)


async def test_a_wechat_that_is_away_is_unavailable() -> None:
    with pytest.raises(errors.Unreachable):
        await skew(httpx.ConnectError("away"))


async def test_right_credentials_pass_and_are_asked_for_each_time() -> None:
    script = Script({})
    async with open_wechat(script) as wechat:
        for _ in range(2):
            await wechat.check_credentials(APP)

    assert script.count(STABLE_TOKEN) == 2


@pytest.mark.parametrize(
    ("errcode", "advice"),
    [
        (40013, "APPLETQL_APPID"),
        (40125, "APPLETQL_APPSECRET"),
        (40001, "APPLETQL_APPSECRET"),
        (40164, "IP whitelist"),
        (40243, "Unfreeze"),
        (89503, "administrator"),
    ],
)
async def test_wrong_credentials_come_with_advice(errcode: int, advice: str) -> None:
    async with open_wechat(Script({STABLE_TOKEN: [refusal(errcode)]})) as wechat:
        with pytest.raises(errors.Misconfigured) as raised:
            await wechat.check_credentials(APP)

    assert raised.value.errcode == errcode
    assert advice in raised.value.advice
