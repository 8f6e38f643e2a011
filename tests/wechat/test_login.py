"""Login: one js_code, one request; and what of the answer is believed."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.wechat.scripted import (
    APP,
    CODE,
    NEW_SESSION_KEY,
    OPENID,
    SECRET,
    SESSION_KEY,
    TOKEN,
    UNIONID,
    Reply,
    Script,
    open_wechat,
    refusal,
)
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.login import CHECKSESSION, CODE2SESSION, RESETUSERSESSIONKEY, LoginSession
from wechat.session_key import is_session_key, sign

pytestmark = pytest.mark.anyio

SIGNATURES = json.loads((Path(__file__).parents[1] / "data" / "session_signature.json").read_text("utf-8"))["vectors"]
GOOD = {"openid": OPENID, "session_key": SESSION_KEY, "unionid": UNIONID}
RESET = {"errcode": 0, "errmsg": "ok", "openid": OPENID, "session_key": NEW_SESSION_KEY}


async def code2session(script: Script, js_code: str = CODE) -> LoginSession:
    async with open_wechat(script) as wechat:
        return await wechat.login.code2session(APP, js_code)


async def test_a_code_is_exchanged_in_one_get() -> None:
    script = Script({CODE2SESSION: [GOOD]})

    session = await code2session(script)

    assert session == LoginSession(OPENID, SESSION_KEY, UNIONID)
    (request,) = script.requests
    assert request.method == "GET"
    assert dict(request.url.params) == {
        "appid": APP.appid,
        "secret": SECRET,
        "js_code": CODE,
        "grant_type": "authorization_code",
    }


@pytest.mark.parametrize("unionid", [{}, {"unionid": ""}, {"unionid": None}])
async def test_a_unionid_may_be_missing(unionid: dict[str, Any]) -> None:
    script = Script({CODE2SESSION: [{"openid": OPENID, "session_key": SESSION_KEY, **unionid}]})

    assert await code2session(script) == LoginSession(OPENID, SESSION_KEY, None)


@pytest.mark.parametrize(
    "change",
    [
        *({"openid": value} for value in (None, "", 7, ["o"], "o" * 129, "o\x00", "\ud800")),
        *({"session_key": value} for value in (None, "", 7, "dGlpaA==", SESSION_KEY[:-2], SESSION_KEY + "\n")),
        *({"session_key": value} for value in ("*" * 24, "tiihtNczf5v6-KRyjwEUhQ==", "é" * 24, "A" * 24)),
        *({"unionid": value} for value in (7, False, ["u"], "u" * 129, "u\n")),
    ],
    ids=ascii,
)
async def test_an_answer_that_lacks_what_it_must_have_is_an_unknown_outcome(change: dict[str, Any]) -> None:
    script = Script({CODE2SESSION: [json.dumps({**GOOD, **change}).encode()]})

    with pytest.raises(errors.Unreadable, match=f"no usable {next(iter(change))}"):
        await code2session(script)

    assert script.count(CODE2SESSION) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(-1), errors.Busy),
        (refusal(40029), errors.LoginCodeInvalid),
        (refusal(40163), errors.LoginCodeInvalid),
        (refusal(40226), errors.LoginBlocked),
        (refusal(45011), errors.RateLimited),
        *((refusal(errcode), errors.Misconfigured) for errcode in (40001, 40013, 40125, 41002, 41004, 40164)),
        (refusal(40014), errors.AccessTokenRefused),
        (refusal(12345), errors.Rejected),
        (httpx.ReadTimeout("late"), errors.TimedOut),
        (httpx.RemoteProtocolError("gone"), errors.BrokenOff),
        (httpx.ConnectError("away"), errors.Unreachable),
        (httpx.Response(503), errors.Unreadable),
        (b"", errors.Unreadable),
    ],
    ids=str,
)
async def test_a_code_is_never_sent_twice(reply: Reply, kind: type[errors.WeChatError]) -> None:
    # Given a script that would answer well the second time
    script = Script({CODE2SESSION: [reply, GOOD]})

    with pytest.raises(errors.WeChatError) as raised:
        await code2session(script)

    assert type(raised.value) is kind
    assert (script.count(CODE2SESSION), script.count(STABLE_TOKEN)) == (1, 0)


@pytest.mark.parametrize("js_code", ["", "a" * 513, "code\n", "码", "\ud800", "\x00"], ids=ascii)
async def test_what_cannot_be_a_code_is_not_sent(js_code: str) -> None:
    script = Script({CODE2SESSION: [GOOD]})

    with pytest.raises(errors.LoginCodeInvalid):
        await code2session(script, js_code)

    assert script.requests == []


def test_a_login_session_shows_nothing() -> None:
    assert repr(LoginSession(OPENID, SESSION_KEY, UNIONID)) == "LoginSession()"


def test_an_app_does_not_show_its_secret() -> None:
    assert repr(APP) == "App(appid='wx4f4bc4dec97d474b', name='demo')"


@pytest.mark.parametrize("vector", SIGNATURES, ids=lambda vector: vector["origin"])
def test_the_signature_is_wechats(vector: dict[str, str]) -> None:
    assert sign(vector["session_key"], vector["message"].encode()) == vector["signature"]


@pytest.mark.parametrize("session_key", [SESSION_KEY, NEW_SESSION_KEY, "AAAAAAAAAAAAAAAAAAAAAA=="])
def test_sixteen_bytes_in_base64_are_a_session_key(session_key: str) -> None:
    assert is_session_key(session_key)


@pytest.mark.parametrize("path", [CHECKSESSION, RESETUSERSESSIONKEY])
async def test_a_session_call_is_a_signed_get(path: str) -> None:
    script = Script({path: [RESET]})
    async with open_wechat(script) as wechat:
        call = wechat.login.checksession if path == CHECKSESSION else wechat.login.resetusersessionkey
        await call(APP, OPENID, "o0q0otL8aEzpcZL/FT9WsQ==")

    request = script.last(path)
    assert request.method == "GET"
    assert dict(request.url.params) == {
        "access_token": TOKEN,
        "openid": OPENID,
        "signature": "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128",
        "sig_method": "hmac_sha256",
    }


@pytest.mark.parametrize(
    ("reply", "current"), [({"errcode": 0, "errmsg": "ok"}, True), (refusal(87009), False), (refusal(87007), False)]
)
async def test_checksession_says_whether_the_key_is_current(reply: Reply, current: bool) -> None:
    script = Script({CHECKSESSION: [reply]})
    async with open_wechat(script) as wechat:
        assert await wechat.login.checksession(APP, OPENID, SESSION_KEY) is current

    assert script.count(CHECKSESSION) == 1


@pytest.mark.parametrize(("errcode", "kind"), [(-1, errors.Busy), (87008, errors.CallerBug), (40003, errors.CallerBug)])
async def test_checksession_raises_where_wechat_does_not_say(errcode: int, kind: type[errors.WeChatError]) -> None:
    async with open_wechat(Script({CHECKSESSION: [refusal(errcode)]})) as wechat:
        with pytest.raises(kind):
            await wechat.login.checksession(APP, OPENID, SESSION_KEY)


async def test_a_session_key_can_be_replaced() -> None:
    script = Script({RESETUSERSESSIONKEY: [RESET]})
    async with open_wechat(script) as wechat:
        assert await wechat.login.resetusersessionkey(APP, OPENID, SESSION_KEY) == NEW_SESSION_KEY

    assert script.count(RESETUSERSESSIONKEY) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({**RESET, "openid": "somebody-else"}, errors.Unreadable),
        ({**RESET, "openid": None}, errors.Unreadable),
        ({**RESET, "session_key": "short"}, errors.Unreadable),
        ({"errcode": 0, "errmsg": "ok"}, errors.Unreadable),
        (refusal(87009), errors.SessionKeyInvalid),
        (refusal(87007), errors.SessionKeyInvalid),
        (refusal(40097), errors.CallerBug),
        (refusal(45011), errors.RateLimited),
        (httpx.ReadTimeout("late"), errors.TimedOut),
    ],
    ids=str,
)
async def test_a_replacement_is_believed_whole_or_not_at_all(reply: Reply, kind: type[errors.WeChatError]) -> None:
    script = Script({RESETUSERSESSIONKEY: [reply]})
    async with open_wechat(script) as wechat:
        with pytest.raises(kind):
            await wechat.login.resetusersessionkey(APP, OPENID, SESSION_KEY)

    assert script.count(RESETUSERSESSIONKEY) == 1
