"""Signing in: what a code becomes, and what is refused."""

import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.pace import slowness
from tests.world import ME, World, error_codes, gather, open_world, rows

pytestmark = pytest.mark.anyio
_SLOW = 3.0
"""So many times slower a machine may be and still has time for all of them."""


async def test_a_code_becomes_a_session_and_me_is_its_user(world: World) -> None:
    openid = await world.person()

    first = await world.sign_in(openid)
    second = await world.sign_in(openid)

    assert (first["isNewUser"], second["isNewUser"]) == (True, False)
    assert first["user"]["id"] == second["user"]["id"]
    assert first["token"] != second["token"]
    assert len(first["token"]) == 43
    me = await world.ask(ME, second["token"])
    assert me == {
        "data": {"me": {"id": first["user"]["id"], "nickname": None}, "session": {"expiresAt": second["expiresAt"]}}
    }
    assert await rows(world) == (1, 1, 2)


async def test_the_same_code_twice_is_refused_and_writes_nothing(world: World) -> None:
    code = await world.code()
    await world.login(code)

    again = await world.login(code)

    assert (again["code"], again["recovery"], again["errcode"]) == ("LOGIN_CODE_INVALID", "FRESH_CODE", "40163")
    assert await rows(world) == (1, 1, 1)


async def test_a_code_of_another_app_is_refused_and_writes_nothing(world: World) -> None:
    code = await world.code(appid=world.appids[1])

    refused = await world.login(code, world.appids[0])

    assert (refused["__typename"], refused["code"], refused["errcode"]) == (
        "WeChatProblem",
        "LOGIN_CODE_INVALID",
        "40029",
    )
    assert await rows(world) == (0, 0, 0)


async def test_an_unknown_app_and_a_broken_code_are_told_at_once(world: World) -> None:
    refused = await world.login("\u0000", "wxnobody")

    assert (refused["__typename"], refused["code"], refused["field"]) == ("InvalidInput", "INVALID_INPUT", "code")
    assert [issue["field"] for issue in refused["issues"]] == ["code", "appId"]
    assert await world.calls() == 0


@pytest.mark.parametrize("code", ["", "  ", "a\ud800b", "x" * 257, "\u202e" * 300])
async def test_what_cannot_be_a_code_is_never_sent(world: World, code: str) -> None:
    query = "mutation ($code: String!) { login(input: {code: $code}) { __typename } }"
    body = json.dumps({"query": query, "variables": {"code": code}})  # escaped: a lone surrogate has no UTF-8

    answer = await world.api.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert answer.json() == {"data": {"login": {"__typename": "InvalidInput"}}}
    assert await world.calls() == 0


async def test_a_blocked_user_is_refused(world: World) -> None:
    openid = await world.person(blocked=True)

    refused = await world.login(await world.code(openid))

    assert (refused["code"], refused["recovery"], refused["errcode"]) == ("LOGIN_BLOCKED", "NONE", "40226")
    assert await rows(world) == (0, 0, 0)


@pytest.mark.parametrize(
    ("app", "errcode", "setting"),
    [
        ({"appid": "wx5a4db0c500000001", "secret": "wrong"}, "40125", "APPLETQL_APPSECRET"),
        ({"appid": "wx5a4db0c5000000ff", "secret": "any"}, "40013", "APPLETQL_APPID"),
    ],
)
async def test_a_wrong_appid_or_secret_is_told_to_the_operator(
    database_url: str, app: dict[str, str], errcode: str, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_world(database_url, apps=[app]) as world:
        refused = await world.login(await world.code())

        assert (refused["code"], refused["recovery"], refused["errcode"]) == ("WECHAT_REJECTED", "NONE", errcode)
        assert await rows(world) == (0, 0, 0)
    [event] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert setting in vars(event)["advice"]


async def test_a_stale_token_does_not_stand_in_the_way_of_login(world: World) -> None:
    signed_in = await world.login(await world.code(), token="long gone")

    assert signed_in["__typename"] == "LoginSuccess"


@pytest.fixture
async def crowded(database_url: str) -> AsyncIterator[World]:
    """A server that has time for a crowd on a slow machine, too."""
    async with open_world(database_url, wechat_timeout=10, operation_timeout=45) as world:
        yield world


def at_once(wanted: int) -> int:
    """All of them beside each other; fewer only where the machine itself is slow: each waits for all."""
    return min(wanted, int(wanted * _SLOW / slowness()))


async def test_ninety_concurrent_logins_of_one_person(crowded: World) -> None:
    world = crowded
    openid = await world.person()
    codes = [await world.code(openid) for _ in range(90)]

    results = await gather([world.login(code) for code in codes], at_once(90))

    assert Counter(result["__typename"] for result in results) == {"LoginSuccess": 90}
    assert len({result["user"]["id"] for result in results}) == 1
    assert [result["isNewUser"] for result in results].count(True) == 1
    assert await rows(world) == (1, 1, 10)
    answers = await gather([world.ask(ME, result["token"]) for result in results])
    assert Counter(tuple(error_codes(answer)) for answer in answers) == {
        (): 10,
        ("UNAUTHENTICATED", "UNAUTHENTICATED"): 80,
    }


async def test_two_hundred_concurrent_logins_of_twenty_people(crowded: World) -> None:
    world = crowded
    openids = [await world.person() for _ in range(20)]
    codes = [await world.code(openid) for _ in range(10) for openid in openids]

    results = await gather([world.login(code) for code in codes], at_once(200))

    assert Counter(result["__typename"] for result in results) == {"LoginSuccess": 200}
    assert Counter(result["user"]["id"] for result in results).most_common()[0][1] == 10
    assert await rows(world) == (20, 20, 200)


async def test_the_hundred_and_first_login_of_a_person_within_a_minute_is_unavailable(crowded: World) -> None:
    world = crowded
    openid = await world.person()
    for _ in range(10):
        codes = [await world.code(openid) for _ in range(10)]
        assert {r["__typename"] for r in await gather([world.login(code) for code in codes])} == {"LoginSuccess"}

    refused = await world.login(await world.code(openid))

    assert (refused["code"], refused["recovery"], refused["errcode"]) == ("WECHAT_UNAVAILABLE", "RETRY", "45011")
    await world.advance(61)
    assert (await world.sign_in(openid))["isNewUser"] is False
