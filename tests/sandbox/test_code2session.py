"""wx.login and code2Session."""

import random
import re
from typing import Any

import httpx
import pytest

from sandbox.offline_wechat import OfflineWeChat
from sandbox.people import SessionKeys
from sandbox.server import create_server, running
from tests.sandbox.wire import ONE, TWO, Wire

pytestmark = pytest.mark.anyio

RID = r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"


async def test_a_code_gives_openid_session_key_and_unionid_as_plain_text(wire: Wire) -> None:
    user = await wire.control("users", {})
    login = await wire.control("wx/login", {"openid": user["openid"]})
    response = await wire.exchange_raw(login["code"])

    assert login == {"code": login["code"], "errMsg": "login:ok", "openid": user["openid"]}
    assert re.fullmatch(r"0[0-9A-Za-z]{31}", login["code"])
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain"
    session = response.json()
    assert sorted(session) == ["openid", "session_key", "unionid"]
    assert session["openid"] == user["openid"]
    assert session["unionid"] == user["unionid"]
    assert re.fullmatch(r"[0-9A-Za-z+/]{22}==", session["session_key"])


async def test_a_code_without_a_person_makes_one(wire: Wire) -> None:
    login = await wire.control("wx/login")

    users = (await wire.state())["users"]
    assert [(user["openid"], user["appid"]) for user in users] == [(login["openid"], ONE.appid)]
    assert (await wire.exchange(login["code"]))["openid"] == login["openid"]


async def test_a_person_without_unionid_has_no_such_key(wire: Wire) -> None:
    user = await wire.control("users", {"unionid": None})

    session = await wire.exchange(await wire.code(user["openid"]))

    assert sorted(session) == ["openid", "session_key"]


async def test_a_unionid_may_come_late_and_change(wire: Wire) -> None:
    user = await wire.control("users", {"unionid": None, "nickname": "Lin"})

    for unionid in ("oLate", "oChanged"):
        changed = await wire.control("users", {"openid": user["openid"], "unionid": unionid})
        assert changed == {**user, "unionid": unionid}
        assert (await wire.exchange(await wire.code(user["openid"])))["unionid"] == unionid


async def test_one_person_has_an_openid_in_each_app_and_one_unionid(wire: Wire) -> None:
    profile = {"nickname": "Lin", "country": "中国", "province": "广东", "city": "深圳", "language": "en"}
    here = await wire.control("users", {**profile, "gender": 2, "phone": "13800000001", "countryCodeAs": "number"})
    there = await wire.control("users", {"appid": TWO.appid, "unionid": here["unionid"]})
    login = await wire.control("wx/login", {"openid": there["openid"]})

    session = await wire.exchange(login["code"], TWO)

    assert there == {**here, "appid": TWO.appid, "openid": there["openid"]}
    assert here["openid"] != there["openid"] == session["openid"]
    assert session["unionid"] == here["unionid"]


REFUSALS: list[tuple[dict[str, str], int, str]] = [
    ({"appid": ""}, 41002, "appid missing"),
    ({"secret": ""}, 41004, "appsecret missing"),
    ({"js_code": ""}, 41008, "missing code"),
    ({"grant_type": "client_credential"}, 40002, "invalid grant_type"),
    ({"grant_type": ""}, 40002, "invalid grant_type"),
    ({"appid": "wx0000000000000000"}, 40013, "invalid appid"),
    ({"secret": "wrong"}, 40125, "invalid appsecret"),
    ({"js_code": "unknown"}, 40029, "invalid code"),
]


@pytest.mark.parametrize(("query", "errcode", "text"), REFUSALS)
async def test_a_wrong_request_is_refused_and_leaves_the_code(
    wire: Wire, query: dict[str, str], errcode: int, text: str
) -> None:
    code = await wire.code()

    response = await wire.exchange_raw(code, ONE, **query)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain"
    assert sorted(response.json()) == ["errcode", "errmsg"]
    assert response.json()["errcode"] == errcode
    assert re.fullmatch(text + RID, response.json()["errmsg"])
    assert "openid" in await wire.exchange(code)


async def test_parameters_in_a_post_body_are_not_seen(wire: Wire) -> None:
    given = {"appid": ONE.appid, "secret": ONE.secret, "js_code": await wire.code()}

    response = await wire.http.post("/sns/jscode2session", data=given)

    assert response.json()["errcode"] == 41002


async def test_a_code_works_once(wire: Wire) -> None:
    code = await wire.code()
    await wire.exchange(code)

    again = await wire.exchange(code)

    assert again["errcode"] == 40163
    assert again["errmsg"].startswith("code been used rid: ")


@pytest.mark.parametrize(("age", "errcode"), [(299.9, None), (300, 40029)])
async def test_a_code_lives_five_minutes(wire: Wire, age: float, errcode: int | None) -> None:
    code = await wire.code()
    await wire.advance(age)

    assert (await wire.exchange(code)).get("errcode") == errcode


async def test_a_code_of_another_app_is_invalid_and_stays_unused(wire: Wire) -> None:
    code = await wire.code()

    assert (await wire.exchange(code, TWO))["errcode"] == 40029
    assert "openid" in await wire.exchange(code)


async def test_a_blocked_person_is_refused_until_unblocked(wire: Wire) -> None:
    user = await wire.control("users", {"blocked": True})
    refused = await wire.exchange(await wire.code(user["openid"]))
    await wire.control("users", {"openid": user["openid"], "blocked": False})

    assert refused["errcode"] == 40226
    assert "openid" in await wire.exchange(await wire.code(user["openid"]))


async def test_the_101st_call_of_a_person_within_a_minute_is_refused(wire: Wire) -> None:
    openid = (await wire.control("users", {}))["openid"]
    used, unused = await wire.code(openid), await wire.code(openid)
    other = await wire.code()

    codes = [(await wire.exchange(used)).get("errcode") for _ in range(100)]
    await wire.advance(59.9)
    refused = await wire.exchange(unused)
    somebody_else = await wire.exchange(other)
    await wire.advance(0.1)
    later = await wire.exchange(unused)

    assert codes == [None] + [40163] * 99
    assert refused["errcode"] == 45011
    assert "openid" in somebody_else
    assert later["openid"] == openid


async def test_a_code_keeps_the_session_key_of_its_moment(wire: Wire) -> None:
    openid = (await wire.control("users", {}))["openid"]
    first, token = await wire.code(openid), await wire.token()
    await wire.control("session-key/rotate", {"openid": openid})
    second = await wire.code(openid)

    old, new = await wire.exchange(first), await wire.exchange(second)

    assert old["session_key"] != new["session_key"]
    checks = [
        (await wire.session_call("/wxa/checksession", token, openid, session["session_key"]))["errcode"]
        for session in (old, new)
    ]
    assert checks == [87009, 0]


def keys_of_logins(rotation: float, logins: int) -> list[str]:
    wechat = OfflineWeChat(randomness=random.Random(3), session_keys=SessionKeys(rotation=rotation))
    user = wechat.people.create(ONE.appid, {})
    return [wechat.login_codes.redeem(ONE.appid, wechat.login_codes.issue(user))[1] for _ in range(min(logins, 100))]


@pytest.mark.parametrize(("rotation", "distinct"), [(0.0, 1), (1.0, 100)])
def test_a_login_replaces_the_session_key_never_or_always(rotation: float, distinct: int) -> None:
    assert len(set(keys_of_logins(rotation, 100))) == distinct


def test_a_login_replaces_the_session_key_half_of_the_time() -> None:
    first, second = keys_of_logins(0.5, 100), keys_of_logins(0.5, 100)

    assert first == second
    assert 35 <= len(set(first)) <= 65


async def test_randomness_and_apps_come_from_outside() -> None:
    async def first_login() -> dict[str, Any]:
        wechat = OfflineWeChat((TWO,), randomness=random.Random(11))
        async with (
            running(create_server(port=0, wechat=wechat, embedded=True)) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        ):
            wire = Wire(server, http)
            login = await wire.control("wx/login")
            assert (await wire.exchange(login["code"], ONE))["errcode"] == 40013
            return await wire.exchange(login["code"], TWO)

    assert await first_login() == await first_login()
