"""api.weixin.qq.com behind its breaker and bulkheads: one upstream, whichever call is made."""

import asyncio
import logging

import httpx
import pytest

from tests.wechat.scripted import (
    APP,
    CODE,
    OPENID,
    PHONE_CODE,
    SESSION_KEY,
    Reply,
    Script,
    Ticks,
    open_wechat,
    refusal,
    token_answer,
)
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.api import LOGIN_PATH
from wechat.breaker import State
from wechat.client import WeChat

pytestmark = pytest.mark.anyio

SIGNED_IN: Reply = {"openid": OPENID, "session_key": SESSION_KEY}


def state_of(wechat: WeChat) -> State:
    """By a function, since the type checker takes what it saw once for ever after."""
    return wechat.breaker.state


async def login_failure(wechat: WeChat) -> errors.WeChatError | None:
    try:
        await wechat.login.code2session(APP, CODE)
    except errors.WeChatError as error:
        return error
    return None


async def fail_to_login(wechat: WeChat, times: int) -> list[str]:
    return [type(await login_failure(wechat)).__name__ for _ in range(times)]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (httpx.ConnectError("away"), "Unreachable"),
        (httpx.ReadTimeout("late"), "TimedOut"),
        (httpx.ReadError("broken"), "BrokenOff"),
        (httpx.Response(500), "Unreadable"),
        (httpx.Response(503, json={"errcode": 0}), "Unreadable"),
    ],
    ids=range(5),
)
async def test_failed_logins_stop_every_other_call_too(reply: Reply, kind: str) -> None:
    script = Script({LOGIN_PATH: [reply]})
    async with open_wechat(script, monotonic=Ticks()) as wechat:
        assert state_of(wechat) is State.CLOSED
        assert await fail_to_login(wechat, 7) == [kind] * 5 + ["CircuitOpen"] * 2

        with pytest.raises(errors.CircuitOpen) as raised:
            await wechat.phone.getuserphonenumber(APP, PHONE_CODE, OPENID)

        assert state_of(wechat) is State.OPEN
    assert isinstance(raised.value, errors.Unavailable)
    assert len(script.requests) == 5


@pytest.mark.parametrize(
    "reply",
    [
        refusal(-1),
        refusal(40029),
        refusal(40125),
        refusal(45011),
        {"openid": ""},
        b"<html>",
        httpx.Response(404),
        httpx.Response(429),
    ],
    ids=["busy", "bad code", "bad secret", "limited", "no openid", "no JSON", "404", "429"],
)
async def test_an_answer_that_is_no_server_error_never_opens_it(reply: Reply) -> None:
    script = Script({LOGIN_PATH: [reply]})
    async with open_wechat(script, monotonic=Ticks()) as wechat:
        await fail_to_login(wechat, 25)

        assert state_of(wechat) is State.CLOSED
    assert script.count(LOGIN_PATH) == 25


async def test_after_ten_seconds_one_login_asks_and_its_success_lets_all_through() -> None:
    ticks = Ticks()
    script = Script({LOGIN_PATH: [*[httpx.Response(502)] * 6, SIGNED_IN]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        await fail_to_login(wechat, 5)
        ticks.now += 10

        assert await fail_to_login(wechat, 2) == ["Unreadable", "CircuitOpen"]
        ticks.now += 10
        assert [await login_failure(wechat) for _ in range(3)] == [None] * 3

        assert state_of(wechat) is State.CLOSED
    assert script.count(LOGIN_PATH) == 9


async def test_the_word_of_the_breaker_is_not_kept_as_a_refusal_of_the_access_token() -> None:
    ticks = Ticks()
    script = Script({LOGIN_PATH: [*[httpx.Response(502)] * 5, SIGNED_IN]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        await fail_to_login(wechat, 5)
        ticks.now += 9.9
        with pytest.raises(errors.CircuitOpen):
            await wechat.access_tokens.get(APP)

        # When it closes a moment later
        ticks.now += 0.1
        assert await login_failure(wechat) is None

        # Then the token is asked for at once
        assert await wechat.access_tokens.get(APP)
    assert script.count(STABLE_TOKEN) == 1


async def test_a_fetch_of_the_access_token_can_be_the_probe() -> None:
    ticks = Ticks()
    script = Script({STABLE_TOKEN: [*[httpx.Response(502)] * 5, token_answer()]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        for _ in range(5):
            with pytest.raises(errors.Unreadable):
                await wechat.access_tokens.get(APP)
            ticks.now += 1
        ticks.now += 10

        assert await wechat.access_tokens.get(APP)
        assert state_of(wechat) is State.CLOSED


async def test_a_refused_call_is_told_quietly(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wechat")
    async with open_wechat(Script({LOGIN_PATH: [httpx.Response(502)]}), monotonic=Ticks()) as wechat:
        await fail_to_login(wechat, 8)

    told = [
        (record.levelname, record.getMessage().split(" ms=")[0])
        for record in caplog.records
        if record.name.startswith("wechat")
    ]
    assert told == [
        *[("WARNING", f"WeChat {LOGIN_PATH} Unreadable errcode=None rid=None")] * 4,
        ("WARNING", "WeChat: circuit open, 5 failures in a row and 5 among the last 5 calls"),
        ("WARNING", f"WeChat {LOGIN_PATH} Unreadable errcode=None rid=None"),
        *[("DEBUG", f"WeChat {LOGIN_PATH} CircuitOpen errcode=None rid=None")] * 3,
    ]


async def test_who_waited_while_it_opened_is_not_sent() -> None:
    # Given twenty calls under way, and thirty that wait for their places
    gate = asyncio.Event()

    async def lost() -> Reply:
        await gate.wait()
        return httpx.ReadError("broken")

    script = Script({LOGIN_PATH: [lost]})
    async with open_wechat(script, deadline=30.0) as wechat:
        calls = [asyncio.create_task(login_failure(wechat)) for _ in range(50)]
        while script.count(LOGIN_PATH) < 20:  # noqa: ASYNC110  (the twentieth has no event of its own)
            await asyncio.sleep(0)

        # When those under way are lost
        gate.set()
        kinds = [type(failure).__name__ for failure in await asyncio.gather(*calls)]

        # Then nobody else is sent
        assert kinds == ["BrokenOff"] * 20 + ["CircuitOpen"] * 30
        assert script.count(LOGIN_PATH) == 20
        assert state_of(wechat) is State.OPEN


async def test_time_in_our_own_queue_is_no_failure_of_wechat() -> None:
    # Given every place taken for longer than anybody waits
    gate = asyncio.Event()

    async def later() -> Reply:
        await gate.wait()
        return SIGNED_IN

    async with open_wechat(Script({LOGIN_PATH: [later]}), deadline=30.0) as wechat:
        wechat._api._for_login._wait_seconds = 0.05
        holders = [asyncio.create_task(login_failure(wechat)) for _ in range(20)]
        await asyncio.sleep(0)

        turned_away = await asyncio.gather(*(login_failure(wechat) for _ in range(30)))

        assert {type(failure) for failure in turned_away} == {errors.Crowded}
        assert state_of(wechat) is State.CLOSED
        gate.set()
        assert await asyncio.gather(*holders) == [None] * 20


async def test_a_login_that_leaves_as_a_probe_does_not_leave_it_half_open() -> None:
    ticks = Ticks()
    asked = asyncio.Event()

    async def hang() -> Reply:
        asked.set()
        await asyncio.sleep(60)
        raise AssertionError

    script = Script({LOGIN_PATH: [*[httpx.Response(502)] * 5, hang, SIGNED_IN]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        await fail_to_login(wechat, 5)
        ticks.now += 10
        probe = asyncio.create_task(login_failure(wechat))
        await asked.wait()
        assert state_of(wechat) is State.HALF_OPEN
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)

        assert state_of(wechat) is State.OPEN
        ticks.now += 10
        assert await login_failure(wechat) is None
