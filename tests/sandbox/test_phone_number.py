"""The getPhoneNumber button and getuserphonenumber."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.wire import ONE, TWO, RealTime, Wire, opened

pytestmark = pytest.mark.anyio

PATH = "/wxa/business/getuserphonenumber"
NOW = 1767225600
MARK = {"timestamp": NOW, "appid": ONE.appid}


async def tap(wire: Wire, openid: str, **body: Any) -> dict[str, Any]:
    return await wire.control("wx/getPhoneNumber", {"openid": openid, **body})


async def a_code(wire: Wire, **person: Any) -> tuple[str, str]:
    """A phone code and the openid of the new person who gave it."""
    openid = (await wire.control("users", person))["openid"]
    return (await tap(wire, openid))["code"], openid


async def test_a_tap_gives_a_code_and_the_sealed_number(wire: Wire) -> None:
    session = await wire.sign_in(phone="13800000001")

    answer = await tap(wire, session["openid"])

    assert sorted(answer) == ["code", "encryptedData", "errMsg", "iv"]
    assert answer["errMsg"] == "getPhoneNumber:ok"
    assert re.fullmatch(r"[0-9a-f]{64}", answer["code"])
    assert opened(answer, session["session_key"]) == {
        "phoneNumber": "13800000001",
        "purePhoneNumber": "13800000001",
        "countryCode": "86",
        "watermark": MARK,
    }


async def test_the_code_gives_the_number_that_was_sealed(wire: Wire) -> None:
    session = await wire.sign_in(phone="13800000001")
    tapped = await tap(wire, session["openid"])

    answer = await wire.post(PATH, {"code": tapped["code"], "openid": session["openid"]}, await wire.token())

    assert answer == {
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": opened(tapped, session["session_key"]),
    }


@pytest.mark.parametrize(
    ("phone", "number", "pure", "country_code"),
    [
        ("13800000001", "13800000001", "13800000001", "86"),
        ("+8613800000001", "13800000001", "13800000001", "86"),
        ("+85251234567", "85251234567", "51234567", "852"),
        ("+15551234567", "15551234567", "5551234567", "1"),
        ("+79161234567", "79161234567", "9161234567", "7"),
        ("+447400123456", "447400123456", "7400123456", "44"),
        ("+886912345678", "886912345678", "912345678", "886"),
        ("+6591234567", "6591234567", "91234567", "65"),
    ],
)
@pytest.mark.parametrize("written", ["string", "number"])
async def test_a_foreign_number_has_its_country_code_in_front(
    wire: Wire, phone: str, number: str, pure: str, country_code: str, written: str
) -> None:
    session = await wire.sign_in(phone=phone, countryCodeAs=written)
    tapped = await tap(wire, session["openid"])

    answer = await wire.post(PATH, {"code": tapped["code"]}, await wire.token())

    assert answer["phone_info"] == {
        "phoneNumber": number,
        "purePhoneNumber": pure,
        "countryCode": int(country_code) if written == "number" else country_code,
        "watermark": MARK,
    }
    assert opened(tapped, session["session_key"]) == answer["phone_info"]


@pytest.mark.parametrize(("persons", "ordered", "country_code"), [("string", "number", 86), ("number", "string", "86")])
async def test_one_tap_may_write_the_country_code_another_way(
    wire: Wire, persons: str, ordered: str, country_code: str | int
) -> None:
    session = await wire.sign_in(countryCodeAs=persons)
    tapped = await tap(wire, session["openid"], countryCodeAs=ordered)

    answer = await wire.post(PATH, {"code": tapped["code"]}, await wire.token())

    assert answer["phone_info"]["countryCode"] == country_code
    assert opened(tapped, session["session_key"])["countryCode"] == country_code


async def test_a_person_who_refuses_gives_no_code(wire: Wire) -> None:
    session = await wire.sign_in(phone=None)

    assert await tap(wire, session["openid"], deny=True) == {"errMsg": "getPhoneNumber:fail user deny"}

    assert wire.server.wechat.state.phone_codes == {}
    assert (await wire.state())["users"][0]["phone"] is None


async def test_a_person_without_a_number_has_one_from_the_first_tap_on(wire: Wire) -> None:
    session = await wire.sign_in(phone=None)

    first, second = [opened(await tap(wire, session["openid"]), session["session_key"]) for _ in range(2)]

    assert first == second
    assert re.fullmatch(r"138[0-9]{8}", first["phoneNumber"])
    assert (await wire.state())["users"][0]["phone"] == first["phoneNumber"]


@pytest.mark.parametrize("age", [None, 3 * 86400])
async def test_without_a_live_session_a_tap_gives_the_code_alone(wire: Wire, age: float | None) -> None:
    openid = (await wire.control("users", {"phone": "13800000001"}))["openid"]
    if age is not None:
        await wire.code(openid)
        await wire.advance(age)

    tapped = await tap(wire, openid)

    assert tapped == {"code": tapped["code"], "errMsg": "getPhoneNumber:ok"}
    answer = await wire.post(PATH, {"code": tapped["code"], "openid": openid}, await wire.token())
    assert answer["phone_info"]["purePhoneNumber"] == "13800000001"


async def test_the_key_of_the_tap_seals(wire: Wire) -> None:
    session = await wire.sign_in(phone="13800000001")
    await wire.control("session-key/rotate", {"openid": session["openid"]})
    tapped = await tap(wire, session["openid"])

    with pytest.raises(ValueError, match=r"padding|codec|Expecting"):
        opened(tapped, session["session_key"])

    renewed = await wire.exchange(await wire.code(session["openid"]))
    assert opened(tapped, renewed["session_key"])["purePhoneNumber"] == "13800000001"
    # The code knows nothing of keys.
    answer = await wire.post(PATH, {"code": tapped["code"]}, await wire.token())
    assert answer["phone_info"]["purePhoneNumber"] == "13800000001"


async def test_a_code_means_the_number_and_the_time_of_the_tap(wire: Wire, real_time: RealTime) -> None:
    await wire.advance(60)
    code, openid = await a_code(wire, phone="13800000001")
    await wire.control("users", {"openid": openid, "phone": "13800000002"})
    real_time.seconds += 60
    await wire.advance(60)

    info = (await wire.post(PATH, {"code": code}, await wire.token()))["phone_info"]

    assert info["purePhoneNumber"] == "13800000001"
    assert info["watermark"] == MARK


async def test_a_code_works_once(wire: Wire) -> None:
    code, openid = await a_code(wire)
    token = await wire.token()

    first, second = [await wire.post(PATH, {"code": code, "openid": openid}, token) for _ in range(2)]

    assert first["errcode"] == 0
    assert sorted(second) == ["errcode", "errmsg"]
    assert second["errcode"] == 40029
    assert re.fullmatch(r"invalid code rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", second["errmsg"])


@pytest.mark.parametrize(("age", "errcode"), [(299.9, 0), (300, 40029)])
async def test_a_code_lives_five_minutes(wire: Wire, age: float, errcode: int) -> None:
    code, _ = await a_code(wire)
    await wire.advance(age)

    assert (await wire.post(PATH, {"code": code}, await wire.token()))["errcode"] == errcode


async def test_phone_codes_and_login_codes_are_two_kinds(wire: Wire) -> None:
    login_code = await wire.code()
    phone_code, _ = await a_code(wire)
    token = await wire.token()

    assert (await wire.post(PATH, {"code": login_code}, token))["errcode"] == 40029
    assert (await wire.exchange(phone_code))["errcode"] == 40029

    assert "openid" in await wire.exchange(login_code)
    assert (await wire.post(PATH, {"code": phone_code}, token))["errcode"] == 0


async def test_a_code_of_another_app_is_refused_and_stays_unused(wire: Wire) -> None:
    code, openid = await a_code(wire)

    refused = await wire.post(PATH, {"code": code, "openid": openid}, await wire.token(TWO))

    assert refused["errcode"] == 40013
    assert (await wire.post(PATH, {"code": code}, await wire.token()))["errcode"] == 0


async def test_a_code_of_another_person_is_refused_and_stays_unused(wire: Wire) -> None:
    code, openid = await a_code(wire, phone="13800000001")
    thief = (await wire.sign_in())["openid"]
    token = await wire.token()

    for other in (thief, "nobody", ""):
        assert (await wire.post(PATH, {"code": code, "openid": other}, token))["errcode"] == 40029

    answer = await wire.post(PATH, {"code": code, "openid": openid}, token)
    assert answer["phone_info"]["purePhoneNumber"] == "13800000001"


async def test_without_an_openid_anybody_may_use_a_code(wire: Wire) -> None:
    code, _ = await a_code(wire)

    assert (await wire.post(PATH, {"code": code, "openid": None}, await wire.token()))["errcode"] == 0


@pytest.mark.parametrize(
    ("body", "errcode", "text"),
    [
        (b"", 44002, "empty post data"),
        (b"{", 47001, "data format error"),
        (b"\xff", 47001, "data format error"),
        ([], 47001, "data format error"),
        ({}, 47001, "data format error"),
        ({"code": None}, 47001, "data format error"),
        ({"code": 1}, 47001, "data format error"),
        ({"code": "x", "openid": 1}, 47001, "data format error"),
        ({"code": ""}, 40029, "invalid code"),
        ({"code": "unknown"}, 40029, "invalid code"),
    ],
)
async def test_a_wrong_body_is_refused(wire: Wire, body: Any, errcode: int, text: str) -> None:
    code, _ = await a_code(wire)
    token = await wire.token()

    answer = await wire.post(PATH, body, token)

    assert (answer["errcode"], answer["errmsg"].split(" rid: ")[0]) == (errcode, text)
    assert (await wire.post(PATH, {"code": code}, token))["errcode"] == 0


async def test_the_path_wants_post(wire: Wire) -> None:
    code, _ = await a_code(wire)
    token = await wire.token()

    response = await wire.http.get(PATH, params={"access_token": token, "code": code})

    assert response.json()["errcode"] == 43002
    assert (await wire.post(PATH, {"code": code}, token))["errcode"] == 0


async def test_a_refused_token_leaves_the_code_unused(wire: Wire) -> None:
    code, _ = await a_code(wire)
    old = (await wire.stable())["access_token"]
    new = (await wire.stable(force_refresh=True))["access_token"]

    errcodes = [(await wire.post(PATH, {"code": code}, token))["errcode"] for token in ("", "garbage", old)]

    assert errcodes == [41001, 40014, 40001]
    assert (await wire.post(PATH, {"code": code}, new))["errcode"] == 0


async def test_an_expired_token_leaves_the_code_unused(wire: Wire) -> None:
    token = await wire.token()
    await wire.advance(7200)
    code, _ = await a_code(wire)

    assert (await wire.post(PATH, {"code": code}, token))["errcode"] == 42001
    assert (await wire.post(PATH, {"code": code}, await wire.token()))["errcode"] == 0


@pytest.mark.parametrize(("fault", "status"), [("errcode:-1", 200), ("http:500", 500)])
async def test_a_fault_before_the_effect_leaves_the_code_unused(wire: Wire, fault: str, status: int) -> None:
    code, _ = await a_code(wire)
    token = await wire.token()
    await wire.fault(PATH, fault)

    failed = await wire.http.post(PATH, params={"access_token": token}, json={"code": code})

    assert failed.status_code == status
    assert (await wire.post(PATH, {"code": code}, token))["errcode"] == 0
    assert await wire.calls(PATH) == 2


@pytest.mark.parametrize("fault", ["garbage", "delay:0.05", "drip"])
async def test_a_fault_after_the_effect_uses_the_code_up(wire: Wire, fault: str) -> None:
    code, _ = await a_code(wire)
    token = await wire.token()
    await wire.fault(PATH, fault)

    response = await wire.http.post(PATH, params={"access_token": token}, json={"code": code})

    assert response.status_code == 200
    assert ("phone_info" in response.text) == (fault != "garbage")
    assert (await wire.post(PATH, {"code": code}, token))["errcode"] == 40029


@pytest.mark.parametrize(("fault", "errcode"), [("reset", 0), ("reset-after", 40029)])
async def test_a_cut_connection_is_before_or_after_the_effect(wire: Wire, fault: str, errcode: int) -> None:
    code, _ = await a_code(wire)
    token = await wire.token()
    await wire.fault(PATH, fault)

    with pytest.raises(httpx.ReadError):
        await wire.http.post(PATH, params={"access_token": token}, json={"code": code})

    assert (await wire.post(PATH, {"code": code}, token))["errcode"] == errcode
