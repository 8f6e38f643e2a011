"""The phone number of a code: one code, one request, always with the openid."""

import json
from typing import Any

import httpx
import pytest

from tests.wechat.scripted import (
    APP,
    NUMBER,
    OPENID,
    PHONE_CODE,
    SECOND_TOKEN,
    TOKEN,
    Reply,
    Script,
    open_wechat,
    refusal,
    token_answer,
)
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.phone import GETUSERPHONENUMBER, PhoneNumber

pytestmark = pytest.mark.anyio

INFO = {
    "phoneNumber": NUMBER,
    "purePhoneNumber": NUMBER,
    "countryCode": "86",
    "watermark": {"timestamp": 1637744274, "appid": APP.appid},
}
GOOD = {"errcode": 0, "errmsg": "ok", "phone_info": INFO}


async def getuserphonenumber(script: Script, code: str = PHONE_CODE, openid: str = OPENID) -> PhoneNumber:
    async with open_wechat(script) as wechat:
        return await wechat.phone.getuserphonenumber(APP, code, openid)


async def test_a_code_is_exchanged_in_one_post_with_the_openid() -> None:
    script = Script({GETUSERPHONENUMBER: [GOOD]})

    number = await getuserphonenumber(script)

    assert number == PhoneNumber(e164="+8613800138000", country_code="86", national="13800138000")
    request = script.last(GETUSERPHONENUMBER)
    assert request.method == "POST"
    assert dict(request.url.params) == {"access_token": TOKEN}
    assert json.loads(request.content) == {"code": PHONE_CODE, "openid": OPENID}
    assert (script.count(GETUSERPHONENUMBER), script.count(STABLE_TOKEN)) == (1, 1)


@pytest.mark.parametrize(
    ("change", "e164"),
    [
        ({"countryCode": 86}, "+8613800138000"),
        ({"phoneNumber": "+8613800138000"}, "+8613800138000"),
        ({"phoneNumber": "85261234567", "purePhoneNumber": "61234567", "countryCode": 852}, "+85261234567"),
        ({"phoneNumber": "61234567", "purePhoneNumber": "61234567", "countryCode": "852"}, "+85261234567"),
    ],
)
async def test_numbers_come_in_several_forms(change: dict[str, Any], e164: str) -> None:
    script = Script({GETUSERPHONENUMBER: [{**GOOD, "phone_info": {**INFO, **change}}]})

    assert (await getuserphonenumber(script)).e164 == e164


@pytest.mark.parametrize("errcode", [40001, 40014, 42001, 41001])
async def test_a_refused_access_token_alone_lets_a_code_be_sent_again(errcode: int) -> None:
    script = Script(
        {STABLE_TOKEN: [token_answer(), token_answer(SECOND_TOKEN)], GETUSERPHONENUMBER: [refusal(errcode), GOOD]}
    )

    number = await getuserphonenumber(script)

    assert number.national == NUMBER
    assert (script.count(GETUSERPHONENUMBER), script.count(STABLE_TOKEN)) == (2, 2)
    assert script.last(GETUSERPHONENUMBER).url.params["access_token"] == SECOND_TOKEN


async def test_a_second_refused_token_ends_it() -> None:
    script = Script({GETUSERPHONENUMBER: [refusal(40001), refusal(40001), GOOD]})

    with pytest.raises(errors.AccessTokenRefused):
        await getuserphonenumber(script)

    assert script.count(GETUSERPHONENUMBER) == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(-1), errors.Busy),
        (refusal(40013), errors.Misconfigured),
        (refusal(40029), errors.PhoneCodeInvalid),
        (refusal(40003), errors.CallerBug),
        (refusal(45011), errors.RateLimited),
        (refusal(48001), errors.Misconfigured),
        (refusal(12345), errors.Rejected),
        (httpx.ReadTimeout("late"), errors.TimedOut),
        (httpx.RemoteProtocolError("gone"), errors.BrokenOff),
        (httpx.ConnectError("away"), errors.Unreachable),
        (httpx.Response(503), errors.Unreadable),
        (b"", errors.Unreadable),
        ({"errcode": 0, "errmsg": "ok"}, errors.Unreadable),
    ],
    ids=str,
)
async def test_a_code_is_never_sent_twice(reply: Reply, kind: type[errors.WeChatError]) -> None:
    # Given a script that would answer well the second time
    script = Script({GETUSERPHONENUMBER: [reply, GOOD]})

    with pytest.raises(errors.WeChatError) as raised:
        await getuserphonenumber(script)

    assert type(raised.value) is kind
    assert (script.count(GETUSERPHONENUMBER), script.count(STABLE_TOKEN)) == (1, 1)


async def test_a_code_of_another_app_is_the_operators_to_see() -> None:
    with pytest.raises(errors.Misconfigured) as raised:
        await getuserphonenumber(Script({GETUSERPHONENUMBER: [refusal(40013)]}))

    assert "the code was made by another app" in raised.value.advice


@pytest.mark.parametrize("code", ["", "a" * 513, "code\n", "码", "\ud800", "\x00"], ids=ascii)
async def test_what_cannot_be_a_code_is_not_sent(code: str) -> None:
    script = Script({GETUSERPHONENUMBER: [GOOD]})

    with pytest.raises(errors.PhoneCodeInvalid):
        await getuserphonenumber(script, code)

    assert script.requests == []


async def test_a_code_is_not_sent_without_an_openid() -> None:
    script = Script({GETUSERPHONENUMBER: [GOOD]})

    with pytest.raises(errors.CallerBug):
        await getuserphonenumber(script, openid="")

    assert script.requests == []


@pytest.mark.parametrize(
    ("phone_info", "reason"),
    [
        *((value, "no usable phone_info") for value in (None, ["a"], "13800138000", 7)),
        ({**INFO, "watermark": None}, "phone_info: a field is missing (watermark)"),
        ({**INFO, "watermark": {"timestamp": 1}}, "phone_info: a field is missing (watermark.appid)"),
        ({**INFO, "watermark": {"appid": "wx0000000000000000"}}, "phone_info: the watermark is another app's"),
        ({**INFO, "purePhoneNumber": "13900139000"}, "phone_info: the numbers differ"),
        ({**INFO, "purePhoneNumber": None}, "phone_info: a field is missing (purePhoneNumber)"),
        ({**INFO, "countryCode": None}, "phone_info: a field is missing (countryCode)"),
        ({**INFO, "countryCode": "+86"}, "phone_info: a field is wrong (countryCode)"),
        ({**INFO, "phoneNumber": 13800138000}, "phone_info: a field is wrong (phoneNumber)"),
    ],
)
async def test_an_answer_that_does_not_agree_with_itself_is_an_unknown_outcome(phone_info: Any, reason: str) -> None:
    script = Script({GETUSERPHONENUMBER: [{**GOOD, "phone_info": phone_info}]})

    with pytest.raises(errors.Unreadable) as raised:
        await getuserphonenumber(script)

    assert str(raised.value) == f"WeChat {GETUSERPHONENUMBER}: an answer that cannot be read ({reason})"
    assert raised.value.__context__ is None
    assert script.count(GETUSERPHONENUMBER) == 1
