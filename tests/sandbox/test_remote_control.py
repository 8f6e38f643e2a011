"""Users, clock, state and reset of the remote control, and what it refuses."""

import re
from typing import Any

import pytest

from tests.sandbox.wire import ONE, TWO, Wire

pytestmark = pytest.mark.anyio

LIN = {
    "appid": TWO.appid,
    "nickname": "林 🌲",
    "avatarUrl": "https://example.com/lin.png",
    "gender": 2,
    "country": "中国",
    "province": "广东",
    "city": "深圳",
    "language": "en",
    "phone": "+8613800000001",
    "countryCodeAs": "number",
    "unionid": "oUnion",
    "blocked": True,
}


async def test_a_user_is_made_as_ordered(wire: Wire) -> None:
    user = await wire.control("users", LIN)

    assert user == {**LIN, "openid": user["openid"]}
    assert re.fullmatch(r"o[0-9A-Za-z_-]{27}", user["openid"])
    assert (await wire.state())["users"] == [user]


async def test_a_user_made_of_nothing_is_complete(wire: Wire) -> None:
    first, second = await wire.control("users"), await wire.control("users", {})

    assert first["appid"] == ONE.appid
    assert first["nickname"] == "微信用户"
    assert first["avatarUrl"].startswith("https://thirdwx.qlogo.cn/")
    assert first["gender"] == 0
    assert [first[name] for name in ("country", "province", "city", "language")] == ["", "", "", "zh_CN"]
    assert re.fullmatch(r"138[0-9]{8}", first["phone"])
    assert re.fullmatch(r"138[0-9]{8}", second["phone"])
    assert first["phone"] != second["phone"]
    assert first["countryCodeAs"] == "string"
    assert first["blocked"] is False
    assert first["openid"] != second["openid"]
    assert first["unionid"] != second["unionid"]


async def test_an_update_changes_the_given_fields_alone(wire: Wire) -> None:
    user = await wire.control("users", LIN)

    changed = await wire.control("users", {"openid": user["openid"], "gender": 1, "unionid": None})

    assert changed == {**user, "gender": 1, "unionid": None}
    assert (await wire.state())["users"] == [changed]


@pytest.mark.parametrize(
    "phone", ["13800000001", "19912345678", "+8613800000001", "+85251234567", "+15551234567", None]
)
async def test_a_phone_number_is_a_bare_mainland_one_or_e164_or_none(wire: Wire, phone: str | None) -> None:
    user = await wire.control("users", {"phone": phone})

    assert user["phone"] == phone
    assert (await wire.state())["users"] == [user]


async def test_two_people_may_have_one_phone_number(wire: Wire) -> None:
    # Numbers are recycled: the next owner of a number is somebody else.
    users = [await wire.control("users", {"phone": "13800000001"}) for _ in range(2)]

    assert [user["phone"] for user in (await wire.state())["users"]] == ["13800000001", "13800000001"]
    assert users[0]["openid"] != users[1]["openid"]


async def test_an_update_keeps_the_session(wire: Wire) -> None:
    session = await wire.exchange(await wire.code())
    await wire.control("users", {"openid": session["openid"], "nickname": "Lin"})

    assert await wire.control("wx/checkSession", {"openid": session["openid"]}) == {"errMsg": "checkSession:ok"}


async def test_a_unionid_that_the_app_knows_is_the_same_user(wire: Wire) -> None:
    user = await wire.control("users", LIN)

    again = await wire.control("users", {"appid": TWO.appid, "unionid": "oUnion", "nickname": "Lin"})

    assert again == {**user, "nickname": "Lin"}
    assert (await wire.state())["users"] == [again]


async def test_a_unionid_cannot_be_given_to_a_second_user_of_the_app(wire: Wire) -> None:
    await wire.control("users", LIN)
    other = await wire.control("users", {"appid": TWO.appid})

    error = await wire.refused("users", {"openid": other["openid"], "unionid": "oUnion"}, 400)

    assert error == "another openid of this app has this unionid"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("users", {"openid": "nobody"}),
        ("wx/login", {"openid": "nobody"}),
        ("wx/checkSession", {"openid": "nobody"}),
        ("wx/getUserInfo", {"openid": "nobody"}),
        ("wx/getPhoneNumber", {"openid": "nobody"}),
        ("wx/getShareInfo", {"openid": "nobody"}),
        ("session-key/rotate", {"openid": "nobody"}),
    ],
)
async def test_an_unknown_openid_is_not_found(wire: Wire, path: str, body: dict[str, Any]) -> None:
    assert await wire.refused(path, body, 404) == "there is no user with this openid"


BAD_BODIES: list[tuple[str, Any]] = [
    ("users", {"nickName": "Lin"}),
    ("users", {"nickname": 1}),
    ("users", {"nickname": None}),
    ("users", {"nickname": "x" * 65}),
    ("users", {"nickname": "a\u0000b"}),
    ("users", {"nickname": "\ud83c"}),
    ("users", {"avatarUrl": []}),
    ("users", {"gender": 3}),
    ("users", {"gender": -1}),
    ("users", {"gender": True}),
    ("users", {"gender": "1"}),
    ("users", {"phone": "not a phone"}),
    ("users", {"phone": 13800000001}),
    ("users", {"phone": ""}),
    ("users", {"phone": "12800000001"}),
    ("users", {"phone": "1380000000"}),
    ("users", {"phone": "138000000011"}),
    ("users", {"phone": "8613800000001"}),
    ("users", {"phone": "+013800000001"}),
    ("users", {"phone": "+123456"}),
    ("users", {"phone": "+1234567890123456"}),
    ("users", {"country": 86}),
    ("users", {"city": "x" * 65}),
    ("users", {"language": None}),
    ("users", {"countryCodeAs": "integer"}),
    ("users", {"countryCodeAs": None}),
    ("users", {"unionid": ""}),
    ("users", {"unionid": 1}),
    ("users", {"blocked": 1}),
    ("users", {"appid": "wx0000000000000000"}),
    ("users", {"appid": None}),
    ("users", {"openid": None}),
    ("users", []),
    ("users", None),
    ("wx/login", {"openid": 1}),
    ("wx/login", {"appid": "wx0000000000000000"}),
    ("wx/login", {"code": "x"}),
    ("wx/checkSession", {}),
    ("wx/checkSession", {"openid": "x", "appid": ONE.appid}),
    ("wx/getUserInfo", {}),
    ("wx/getUserInfo", {"openid": "x", "profile": 1}),
    ("wx/getUserInfo", {"openid": "x", "anonymous": "true"}),
    ("wx/getUserInfo", {"openid": "x", "withCredentials": True}),
    ("wx/getPhoneNumber", {}),
    ("wx/getPhoneNumber", {"openid": "x", "deny": None}),
    ("wx/getPhoneNumber", {"openid": "x", "countryCodeAs": 86}),
    ("wx/getPhoneNumber", {"openid": "x", "phone": "13800000001"}),
    ("wx/getShareInfo", {}),
    ("wx/getShareInfo", {"openid": "x", "group": 1}),
    ("wx/getShareInfo", {"openid": "x", "group": "x" * 65}),
    ("session-key/rotate", {}),
    ("clock", {}),
    ("clock", {"advance": -0.001}),
    ("clock", {"advance": "1"}),
    ("clock", {"advance": True}),
    ("clock", {"advance": None}),
    ("clock", {"advance": 1e300}),
    ("clock", {"advance": 10**400}),
    ("clock", {"advance": 1, "unit": "h"}),
    ("reset", {"really": True}),
]


@pytest.mark.parametrize(("path", "body"), BAD_BODIES)
async def test_a_bad_body_is_refused_and_changes_nothing(wire: Wire, path: str, body: Any) -> None:
    await wire.control("users", LIN)
    before = wire.server.wechat.state.to_json()

    await wire.refused(path, body, 400)

    assert wire.server.wechat.state.to_json() == before


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"advance": NaN}', b'{"advance": Infinity}', b"[" * 100_000, b"1" * 5000]
)
async def test_what_is_not_json_is_refused(wire: Wire, body: bytes) -> None:
    response = await wire.http.post("/_sandbox/clock", content=body)

    assert response.status_code == 400
    assert response.json() == {"error": "the body is not JSON"}
    assert await wire.control("clock", method="GET") == {"offset": 0}


async def test_an_openid_of_another_app_is_refused(wire: Wire) -> None:
    user = await wire.control("users", LIN)

    error = await wire.refused("wx/login", {"openid": user["openid"], "appid": ONE.appid}, 400)

    assert error == "this openid is one of another app"


async def test_errors_do_not_quote_the_body(wire: Wire) -> None:
    error = await wire.refused("users", {"very-secret": "value"}, 400)

    assert error == (
        "the body has an unknown field; it may have: "
        "openid, appid, nickname, avatarUrl, gender, country, province, city, language, "
        "phone, countryCodeAs, unionid, blocked"
    )


async def test_the_clock_adds_up_and_moves_no_date(wire: Wire) -> None:
    answers = [await wire.control("clock", {"advance": seconds}) for seconds in (0, 0.5, 86400)]
    shown = await wire.http.get("/_sandbox/clock")

    assert answers == [{"offset": 0}, {"offset": 0.5}, {"offset": 86400.5}]
    assert shown.json() == {"offset": 86400.5}
    # The first part of a request id is real time, too.
    rid = (await wire.exchange("unknown"))["errmsg"].split("rid: ")[1]
    assert rid.startswith("6955b900-")


async def test_the_state_is_a_witness_without_secrets(wire: Wire) -> None:
    user = await wire.control("users", {})
    session = await wire.exchange(await wire.code(user["openid"]))
    token = await wire.token()
    phone_code = (await wire.control("wx/getPhoneNumber", {"openid": user["openid"]}))["code"]
    await wire.http.post("/wxa/business/getuserphonenumber")
    await wire.http.get("/unknown")
    await wire.advance(5)

    response = await wire.http.get("/_sandbox/state")

    assert response.json() == {
        "users": [user],
        "orders": [],
        "refunds": [],
        "notifications": [],
        "calls": {
            "/sns/jscode2session": 1,
            "/wxa/checksession": 0,
            "/wxa/resetusersessionkey": 0,
            "/wxa/business/getuserphonenumber": 1,
            "/wxa/msg_sec_check": 0,
            "/wxa/getwxacodeunlimit": 0,
            "/cgi-bin/token": 1,
            "/cgi-bin/stable_token": 0,
            "/v3/pay/transactions/jsapi": 0,
            "/v3/pay/transactions/out-trade-no/{out_trade_no}": 0,
            "/v3/pay/transactions/id/{transaction_id}": 0,
            "/v3/pay/transactions/out-trade-no/{out_trade_no}/close": 0,
            "/v3/refund/domestic/refunds": 0,
            "/v3/refund/domestic/refunds/{out_refund_no}": 0,
            "/v3/bill/tradebill": 0,
            "/v3/billdownload/file": 0,
            "/v3/certificates": 0,
        },
        "faults": {"faults": [], "notifications": "normal"},
        "offset": 5,
    }
    assert session["session_key"] not in response.text
    assert token not in response.text
    assert phone_code not in response.text


async def test_reset_leaves_a_clean_sandbox(wire: Wire) -> None:
    clean = await wire.state()
    login = await wire.control("wx/login")
    phone_code = (await wire.control("wx/getPhoneNumber", {"openid": login["openid"]}))["code"]
    token = await wire.token()
    await wire.advance(1)
    await wire.fault("/cgi-bin/token", "reset")

    assert await wire.control("reset") == {}

    assert await wire.state() == clean
    assert (await wire.exchange(login["code"]))["errcode"] == 40029
    assert await wire.token_errcode(token) == 40014
    answer = await wire.post("/wxa/business/getuserphonenumber", {"code": phone_code}, await wire.token())
    assert answer["errcode"] == 40029
