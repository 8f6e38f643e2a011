"""The classic and the stable access_token."""

import re
from typing import Any

import pytest

from tests.sandbox.wire import ONE, START, TWO, RealTime, Wire

pytestmark = pytest.mark.anyio

GIVEN = {"grant_type": "client_credential", "appid": ONE.appid, "secret": ONE.secret}


async def test_the_classic_token_is_new_with_each_call(wire: Wire) -> None:
    first = await wire.http.get("/cgi-bin/token", params=GIVEN)
    second = await wire.http.get("/cgi-bin/token", params=GIVEN)

    assert first.headers["content-type"] == "application/json; encoding=utf-8"
    assert sorted(first.json()) == ["access_token", "expires_in"]
    assert first.json()["expires_in"] == second.json()["expires_in"] == 7200
    assert re.fullmatch(r"99_[0-9A-Za-z_-]{133}", first.json()["access_token"])
    assert first.json()["access_token"] != second.json()["access_token"]


async def test_the_previous_classic_token_works_five_minutes_more(wire: Wire) -> None:
    old = await wire.token()
    new = await wire.token()

    await wire.advance(299.9)
    during = [await wire.token_errcode(token) for token in (old, new)]
    await wire.advance(0.1)
    after = [await wire.token_errcode(token) for token in (old, new)]

    assert during == [0, 0]
    assert after == [40001, 0]


async def test_a_later_token_does_not_prolong_the_overlap(wire: Wire) -> None:
    old = await wire.token()
    await wire.token()
    await wire.advance(200)
    await wire.token()
    await wire.advance(100)

    assert await wire.token_errcode(old) == 40001


async def test_a_token_ages(wire: Wire) -> None:
    token = await wire.token()
    await wire.advance(7199.9)
    before = await wire.token_errcode(token)
    await wire.advance(0.1)

    assert before == 0
    assert await wire.token_errcode(token) == 42001


async def test_a_token_that_aged_before_it_was_superseded_is_an_aged_one(wire: Wire) -> None:
    token = await wire.token()
    await wire.advance(7000)
    await wire.token()
    await wire.advance(400)

    assert await wire.token_errcode(token) == 42001


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"grant_type": "authorization_code"}, 40002),
        ({"grant_type": ""}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"secret": TWO.secret}, 40125),
    ],
)
async def test_wrong_credentials_give_no_token(wire: Wire, changed: dict[str, str], errcode: int) -> None:
    classic = (await wire.http.get("/cgi-bin/token", params={**GIVEN, **changed})).json()
    stable = await wire.stable(ONE, **changed)

    for answer in (classic, stable):
        assert sorted(answer) == ["errcode", "errmsg"]
        assert answer["errcode"] == errcode
    assert wire.server.wechat.state.tokens == {}


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"", 44002),
        (b"grant_type=client_credential", 47001),
        (b"[]", 47001),
        (b"null", 47001),
        (b"\xff", 47001),
        (b"[" * 100_000, 47001),
        (b'{"appid":' + b"1" * 5000 + b"}", 47001),
        (b'{"grant_type":"client_credential","appid":1,"secret":"x"}', 47001),
        (b'{"grant_type":"client_credential","force_refresh":"true"}', 47001),
    ],
)
async def test_a_bad_body_gives_no_stable_token(wire: Wire, body: bytes, errcode: int) -> None:
    response = await wire.http.post("/cgi-bin/stable_token", content=body)

    assert response.status_code == 200
    assert response.json()["errcode"] == errcode
    assert wire.server.wechat.state.tokens == {}


async def test_the_stable_token_is_for_post(wire: Wire) -> None:
    answer = (await wire.http.get("/cgi-bin/stable_token", params=GIVEN)).json()

    assert answer["errcode"] == 43002


async def test_the_stable_token_stays_the_same_until_its_last_five_minutes(wire: Wire) -> None:
    first = await wire.stable()
    await wire.advance(6899)
    same = await wire.stable(force_refresh=False)
    await wire.advance(1)
    renewed = await wire.stable()
    again = await wire.stable()
    both = [await wire.token_errcode(each["access_token"]) for each in (first, renewed)]
    await wire.advance(300)

    assert first == {"access_token": first["access_token"], "expires_in": 7200}
    assert same == {"access_token": first["access_token"], "expires_in": 301}
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    assert again == renewed
    assert both == [0, 0]
    assert await wire.token_errcode(first["access_token"]) == 42001
    assert await wire.token_errcode(renewed["access_token"]) == 0


async def test_the_two_families_do_not_touch_each_other(wire: Wire) -> None:
    classic = await wire.token()
    stable = (await wire.stable())["access_token"]
    await wire.token()
    forced = (await wire.stable(force_refresh=True))["access_token"]
    other_app = (await wire.stable(TWO))["access_token"]

    assert len({classic, stable, forced, other_app}) == 4
    assert await wire.token_errcode(classic) == 0
    assert await wire.token_errcode(stable) == 40001
    assert await wire.token_errcode(forced) == 0
    assert await wire.token_errcode(other_app) == 0


async def test_a_forced_token_kills_the_old_one_at_once(wire: Wire) -> None:
    old = (await wire.stable())["access_token"]
    forced = await wire.stable(force_refresh=True)

    assert forced["expires_in"] == 7200
    assert await wire.token_errcode(old) == 40001
    assert await wire.stable() == forced


async def test_forcing_again_within_thirty_seconds_changes_nothing(wire: Wire) -> None:
    first = await wire.stable(force_refresh=True)
    await wire.advance(29)
    second = await wire.stable(force_refresh=True)
    await wire.advance(1)
    third = await wire.stable(force_refresh=True)

    assert second == {"access_token": first["access_token"], "expires_in": 7171}
    assert third["access_token"] != first["access_token"]
    assert await wire.token_errcode(first["access_token"]) == 40001


async def test_a_token_may_be_forced_twenty_times_a_day(wire: Wire, real_time: RealTime) -> None:
    forced: list[dict[str, Any]] = []
    for _ in range(20):
        forced.append(await wire.stable(force_refresh=True))
        await wire.advance(30)

    refused = await wire.stable(force_refresh=True)
    other_app = await wire.stable(TWO, force_refresh=True)
    still = await wire.stable()
    real_time.seconds = START + 16 * 3600 - 600  # midnight in China, less the ten minutes that the clock is ahead
    tomorrow = await wire.stable(force_refresh=True)

    assert len({each["access_token"] for each in forced}) == 20
    assert refused["errcode"] == 45009
    assert "access_token" in other_app
    assert still["access_token"] == forced[-1]["access_token"]
    assert tomorrow["access_token"] != still["access_token"]
    assert tomorrow["expires_in"] == 7200


async def test_the_day_ends_at_midnight_and_not_before(wire: Wire, real_time: RealTime) -> None:
    for _ in range(20):
        await wire.stable(force_refresh=True)
        await wire.advance(30)
    real_time.seconds = START + 16 * 3600 - 600 - 0.001

    assert (await wire.stable(force_refresh=True))["errcode"] == 45009


async def test_long_dead_tokens_are_forgotten(wire: Wire) -> None:
    old = await wire.token()
    await wire.advance(7200 + 86400)
    await wire.token()
    known = await wire.token_errcode(old)
    await wire.advance(1)
    await wire.token()

    assert known == 42001
    assert await wire.token_errcode(old) == 40014
