"""The cache of access_tokens: counts of requests are exact."""

import asyncio
import gc
import json
from typing import Any

import httpx
import pytest

from tests.wechat.scripted import (
    APP,
    SECOND_TOKEN,
    SECRET,
    TOKEN,
    Reply,
    Script,
    Ticks,
    open_wechat,
    refusal,
    token_answer,
)
from wechat import errors
from wechat.access_token import PATH, AccessTokens, fetch_access_token
from wechat.api import Api
from wechat.apps import App

pytestmark = pytest.mark.anyio

OTHER_APP = App(appid="wx0000000000000000", secret=SECRET)


def held(gate: asyncio.Event, reply: Reply) -> Reply:
    """A reply that waits for the gate."""

    async def wait() -> Reply:
        await gate.wait()
        return reply

    return wait


async def asked(script: Script, count: int = 1) -> None:
    """Let the loop run until so many token requests have arrived."""
    async with asyncio.timeout(1):
        while script.count(PATH) < count:  # noqa: ASYNC110  (the script has no event to wait for)
            await asyncio.sleep(0)


async def refused(tokens: AccessTokens, app: App = APP) -> errors.WeChatError:
    with pytest.raises(errors.WeChatError) as raised:
        await tokens.get(app)
    return raised.value


async def test_the_stable_token_is_asked_for_in_normal_mode() -> None:
    script = Script({})
    async with open_wechat(script) as wechat:
        token = await wechat.access_tokens.get(APP)

    assert token == TOKEN
    request = script.last(PATH)
    assert (request.method, request.url.query, request.headers["content-type"]) == ("POST", b"", "application/json")
    assert json.loads(request.content) == {
        "grant_type": "client_credential",
        "appid": APP.appid,
        "secret": SECRET,
        "force_refresh": False,
    }


async def test_a_hundred_callers_at_once_cause_one_request_and_later_ones_none() -> None:
    script = Script({})
    async with open_wechat(script) as wechat:
        tokens = await asyncio.gather(*(wechat.access_tokens.get(APP) for _ in range(100)))
        later = await wechat.access_tokens.get(APP)

    assert {*tokens, later} == {TOKEN}
    assert script.count(PATH) == 1


async def test_each_app_has_its_own_token() -> None:
    script = Script({PATH: [token_answer(TOKEN), token_answer(SECOND_TOKEN)]})
    async with open_wechat(script) as wechat:
        first = await wechat.access_tokens.get(APP)
        second = await wechat.access_tokens.get(OTHER_APP)
        wechat.access_tokens.invalidate(OTHER_APP, TOKEN)

        assert (first, second) == (TOKEN, SECOND_TOKEN)
        assert await wechat.access_tokens.get(APP) == TOKEN
    assert [json.loads(request.content)["appid"] for request in script.requests] == [APP.appid, OTHER_APP.appid]


async def test_a_caller_that_leaves_does_not_take_the_others_with_it() -> None:
    gate = asyncio.Event()
    script = Script({PATH: [held(gate, token_answer())]})
    async with open_wechat(script) as wechat:
        # Given a first caller whose request is under way, and two that wait for the same one
        first, *others = [asyncio.create_task(wechat.access_tokens.get(APP)) for _ in range(3)]
        await asked(script)

        # When the first is cancelled
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        gate.set()

        # Then the others have their token, from that one request
        assert await asyncio.gather(*others) == [TOKEN, TOKEN]
    assert script.count(PATH) == 1


async def test_a_failure_that_nobody_waits_for_any_more_is_collected() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    gate = asyncio.Event()
    script = Script({PATH: [held(gate, refusal(40125))]})
    async with open_wechat(script) as wechat:
        # Given one caller, who leaves
        caller = asyncio.create_task(wechat.access_tokens.get(APP))
        await asked(script)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

        # When the request fails
        gate.set()
        await wechat.aclose()

    # Then nobody hears of an exception that was never retrieved
    gc.collect()
    assert complaints == []


async def test_a_fault_of_ours_is_told_to_the_callers_and_does_not_stay() -> None:
    script = Script({PATH: [ZeroDivisionError("ours"), token_answer()]})
    async with open_wechat(script) as wechat:
        outcomes = await asyncio.gather(*(wechat.access_tokens.get(APP) for _ in range(2)), return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 2
        assert await wechat.access_tokens.get(APP) == TOKEN
    assert script.count(PATH) == 2


@pytest.mark.parametrize(("margin", "renewed_at"), [(300.0, 6900.0), (600.0, 6600.0)])
async def test_a_token_is_renewed_ahead_of_its_end_while_callers_have_the_old_one(
    margin: float, renewed_at: float
) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(lowest: float, highest: float) -> float:
        bounds.append((lowest, highest))
        return margin

    ticks, gate = Ticks(), asyncio.Event()
    script = Script({PATH: [token_answer(), held(gate, token_answer(SECOND_TOKEN))]})
    async with open_wechat(script, monotonic=ticks, uniform=uniform) as wechat:
        # Given a token, just before it is to be renewed
        assert await wechat.access_tokens.get(APP) == TOKEN
        assert bounds == [(300.0, 600.0)]
        ticks.now += renewed_at - 0.1
        assert await wechat.access_tokens.get(APP) == TOKEN
        assert script.count(PATH) == 1

        # When it is, and the answer takes its time
        ticks.now += 0.1
        during = [await wechat.access_tokens.get(APP) for _ in range(5)]
        await asked(script, 2)

        # Then everybody has the old one meanwhile, and the new one afterwards, from one more request
        assert during == [TOKEN] * 5
        gate.set()
        await asyncio.gather(*wechat.access_tokens._fetches)
        assert await wechat.access_tokens.get(APP) == SECOND_TOKEN
    assert script.count(PATH) == 2


async def test_a_token_past_its_end_is_waited_for() -> None:
    ticks = Ticks()
    script = Script({PATH: [token_answer(), token_answer(SECOND_TOKEN)]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        assert await wechat.access_tokens.get(APP) == TOKEN
        ticks.now += 7200

        assert await wechat.access_tokens.get(APP) == SECOND_TOKEN


async def test_the_life_counts_from_before_the_request() -> None:
    ticks = Ticks()

    async def slow() -> Reply:
        ticks.now += 100
        return token_answer(expires_in=1000)

    script = Script({PATH: [slow, token_answer(SECOND_TOKEN)]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        assert await wechat.access_tokens.get(APP) == TOKEN
        ticks.now += 900

        assert await wechat.access_tokens.get(APP) == SECOND_TOKEN


async def test_a_token_near_its_end_is_kept_for_half_of_what_is_left() -> None:
    # WeChat renews five minutes before the end: asked earlier, it gives the same token with what is left of its life.
    ticks = Ticks()
    script = Script({PATH: [token_answer(expires_in=200)]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        await wechat.access_tokens.get(APP)
        ticks.now += 99
        await wechat.access_tokens.get(APP)
        await wechat.aclose()

        assert script.count(PATH) == 1


async def test_a_life_longer_than_documented_is_cut() -> None:
    async with open_wechat(Script({PATH: [token_answer(expires_in=10**400)]})) as wechat:
        assert await fetch_access_token(wechat._api, APP) == (TOKEN, 7200)
        assert await wechat.access_tokens.get(APP) == TOKEN


async def test_invalidate_forgets_the_refused_token_alone() -> None:
    script = Script({PATH: [token_answer(), token_answer(SECOND_TOKEN)]})
    async with open_wechat(script) as wechat:
        tokens = wechat.access_tokens
        tokens.invalidate(APP, TOKEN)
        await tokens.get(APP)

        # When it is refused, and refused again to a caller who is late
        tokens.invalidate(APP, TOKEN)
        assert await tokens.get(APP) == SECOND_TOKEN
        tokens.invalidate(APP, TOKEN)

        # Then the second token stays
        assert await tokens.get(APP) == SECOND_TOKEN
    assert script.count(PATH) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "pause"),
    [
        (refusal(40125), errors.Misconfigured, 10.0),
        (refusal(40001), errors.Misconfigured, 10.0),
        (refusal(40164), errors.Misconfigured, 10.0),
        (refusal(45009), errors.RateLimited, 10.0),
        (refusal(43002), errors.CallerBug, 10.0),
        (refusal(99999), errors.Rejected, 10.0),
        (refusal(-1), errors.Busy, 1.0),
        (httpx.ConnectError("away"), errors.Unreachable, 1.0),
        (b"<html>", errors.Unreadable, 1.0),
        ({"access_token": TOKEN}, errors.Unreadable, 1.0),
        ({"access_token": "", "expires_in": 7200}, errors.Unreadable, 1.0),
        ({"access_token": "a" * 4097, "expires_in": 7200}, errors.Unreadable, 1.0),
        ({"access_token": TOKEN, "expires_in": 0}, errors.Unreadable, 1.0),
        ({"access_token": TOKEN, "expires_in": "7200"}, errors.Unreadable, 1.0),
    ],
    ids=str,
)
async def test_a_failure_is_remembered_for_a_while(reply: Reply, kind: type[errors.WeChatError], pause: float) -> None:
    ticks = Ticks()
    script = Script({PATH: [reply, token_answer()]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        # Given a fetch that fails for a hundred callers
        outcomes = await asyncio.gather(*(wechat.access_tokens.get(APP) for _ in range(100)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {kind}
        assert len({id(outcome) for outcome in outcomes}) == 100

        # When others come within the pause
        ticks.now += pause - 0.01
        later = await refused(wechat.access_tokens)

        # Then they have the same error without a request, and after it a token
        assert str(later) == str(outcomes[0])
        assert vars(later) == vars(outcomes[0])
        assert later.__context__ is None
        assert script.count(PATH) == 1
        ticks.now += 0.01
        assert await wechat.access_tokens.get(APP) == TOKEN
    assert script.count(PATH) == 2


async def test_the_failure_of_one_app_is_not_anothers() -> None:
    script = Script({PATH: [refusal(40125), token_answer()]})
    async with open_wechat(script) as wechat:
        await refused(wechat.access_tokens)

        assert await wechat.access_tokens.get(OTHER_APP) == TOKEN


async def test_a_failed_renewal_leaves_the_old_token_in_use_and_is_repeated_after_the_pause() -> None:
    ticks = Ticks()
    script = Script({PATH: [token_answer(), refusal(-1), token_answer(SECOND_TOKEN)]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        tokens = wechat.access_tokens
        await tokens.get(APP)

        # When the renewal fails
        ticks.now += 6900
        for _ in range(3):
            assert await tokens.get(APP) == TOKEN
            await asyncio.gather(*tokens._fetches)
        assert script.count(PATH) == 2

        # Then it is tried again a second later
        ticks.now += 1
        assert await tokens.get(APP) == TOKEN
        await asyncio.gather(*tokens._fetches)
        assert await tokens.get(APP) == SECOND_TOKEN
    assert script.count(PATH) == 3


async def test_closing_waits_for_what_is_under_way_and_starts_nothing_new() -> None:
    ticks, gate = Ticks(), asyncio.Event()
    script = Script({PATH: [token_answer(), held(gate, token_answer(SECOND_TOKEN))]})
    async with open_wechat(script, monotonic=ticks) as wechat:
        # Given a renewal that nobody waits for
        await wechat.access_tokens.get(APP)
        ticks.now += 6900
        await wechat.access_tokens.get(APP)
        await asked(script, 2)

        # When WeChat is closed
        closing = asyncio.create_task(wechat.aclose())
        await asyncio.sleep(0.01)
        assert not closing.done()
        gate.set()
        await closing

        # Then the renewal is over, a good token is still given out, and no other is fetched
        assert wechat.access_tokens._fetches == set()
        assert await wechat.access_tokens.get(APP) == SECOND_TOKEN
        ticks.now += 7200
        assert type(await refused(wechat.access_tokens)) is errors.Unavailable
    assert script.count(PATH) == 2


async def test_a_slot_does_not_show_its_token() -> None:
    async with open_wechat(Script({})) as wechat:
        await wechat.access_tokens.get(APP)

        assert TOKEN not in repr(vars(wechat.access_tokens))


async def test_a_wrong_address_is_found_before_any_call() -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(errors.Misconfigured):
            Api(client, "api.weixin.qq.com")
