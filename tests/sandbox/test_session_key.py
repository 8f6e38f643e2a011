"""checksession, resetusersessionkey and wx.checkSession."""

import base64
import hashlib
import hmac

import pytest

from sandbox.state import User
from tests.sandbox.wire import ONE, TWO, Wire, sign

pytestmark = pytest.mark.anyio

PATHS = ["/wxa/checksession", "/wxa/resetusersessionkey"]
DAY = 86400


async def signed_in(wire: Wire) -> tuple[str, str]:
    session = await wire.exchange(await wire.code())
    return session["openid"], session["session_key"]


def stored(wire: Wire, openid: str) -> User:
    return wire.server.wechat.state.users[openid]


def test_the_text_of_the_key_signs() -> None:
    # The published example of WeChat's signature page signs with the base64 text; so does the sandbox.
    expected = "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"

    assert sign("o0q0otL8aEzpcZL/FT9WsQ==") == expected


async def test_the_live_key_passes_and_is_answered_as_json(wire: Wire) -> None:
    openid, session_key = await signed_in(wire)
    query = {"access_token": await wire.token(), "openid": openid, "signature": sign(session_key)}

    response = await wire.http.get("/wxa/checksession", params={**query, "sig_method": "hmac_sha256"})

    assert response.content == b'{"errcode":0,"errmsg":"ok"}'
    assert response.headers["content-type"] == "application/json; encoding=utf-8"


async def test_reset_answers_a_new_key_and_kills_the_old_one(wire: Wire) -> None:
    openid, old = await signed_in(wire)
    token = await wire.token()

    answer = await wire.session_call("/wxa/resetusersessionkey", token, openid, old)

    new = answer["session_key"]
    assert answer == {"errcode": 0, "errmsg": "ok", "openid": openid, "session_key": new}
    assert new != old
    assert (await wire.session_call("/wxa/checksession", token, openid, old))["errcode"] == 87009
    assert (await wire.session_call("/wxa/checksession", token, openid, new))["errcode"] == 0
    assert (await wire.exchange(await wire.code(openid)))["session_key"] == new


async def test_a_reset_key_expires_when_the_old_one_would_have(wire: Wire) -> None:
    openid, old = await signed_in(wire)
    await wire.advance(3 * DAY - 1)
    token = await wire.token()
    new = (await wire.session_call("/wxa/resetusersessionkey", token, openid, old))["session_key"]
    await wire.advance(1)

    assert (await wire.session_call("/wxa/checksession", token, openid, new))["errcode"] == 87007


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "errcode", "text"),
    [
        ({"access_token": ""}, 41001, "access_token missing"),
        ({"access_token": "garbage"}, 40014, "invalid access_token"),
        ({"openid": "nobody"}, 40003, "invalid openid"),
        ({"openid": ""}, 40003, "invalid openid"),
        ({"sig_method": "md5"}, 87008, "invalid sig_method"),
        ({"sig_method": ""}, 87008, "invalid sig_method"),
        ({"signature": ""}, 87009, "invalid signature"),
        ({"signature": "0" * 64}, 87009, "invalid signature"),
    ],
)
async def test_a_wrong_request_is_refused_and_leaves_the_key(
    wire: Wire, path: str, query: dict[str, str], errcode: int, text: str
) -> None:
    openid, session_key = await signed_in(wire)
    token = await wire.token()

    answer = await wire.session_call(path, token, openid, session_key, **query)

    assert sorted(answer) == ["errcode", "errmsg"]
    assert answer["errcode"] == errcode
    assert answer["errmsg"].startswith(f"{text} rid: ")
    assert stored(wire, openid).session_key == session_key


@pytest.mark.parametrize("path", PATHS)
async def test_a_signature_with_the_decoded_key_is_wrong(wire: Wire, path: str) -> None:
    openid, session_key = await signed_in(wire)
    signature = hmac.new(base64.b64decode(session_key), b"", hashlib.sha256).hexdigest()

    answer = await wire.session_call(path, await wire.token(), openid, session_key, signature=signature)

    assert answer["errcode"] == 87009


@pytest.mark.parametrize("path", PATHS)
async def test_an_openid_of_another_app_is_refused(wire: Wire, path: str) -> None:
    openid, session_key = await signed_in(wire)

    answer = await wire.session_call(path, await wire.token(TWO), openid, session_key)

    assert answer["errcode"] == 43104
    assert stored(wire, openid).session_key == session_key


@pytest.mark.parametrize("path", PATHS)
async def test_a_person_who_never_logged_in_has_no_key(wire: Wire, path: str) -> None:
    openid = (await wire.control("users", {}))["openid"]

    assert (await wire.session_call(path, await wire.token(), openid, "any"))["errcode"] == 87007


async def test_a_key_expires_when_the_app_is_not_used(wire: Wire) -> None:
    openid, session_key = await signed_in(wire)
    await wire.advance(3 * DAY)
    token = await wire.token()

    answer = await wire.session_call("/wxa/checksession", token, openid, session_key)
    on_the_phone = await wire.control("wx/checkSession", {"openid": openid})
    renewed = await wire.exchange(await wire.code(openid))

    assert answer["errcode"] == 87007
    assert on_the_phone == {"errMsg": "checkSession:fail session time out, need relogin"}
    assert renewed["session_key"] != session_key


async def test_using_the_app_keeps_the_key_alive(wire: Wire) -> None:
    openid, session_key = await signed_in(wire)
    for _ in range(2):
        await wire.advance(2 * DAY)
        assert await wire.control("wx/checkSession", {"openid": openid}) == {"errMsg": "checkSession:ok"}
    await wire.advance(2 * DAY)

    assert (await wire.exchange(await wire.code(openid)))["session_key"] == session_key


async def test_the_phone_says_fail_before_the_first_login(wire: Wire) -> None:
    openid = (await wire.control("users", {}))["openid"]

    answer = await wire.control("wx/checkSession", {"openid": openid})

    assert answer == {"errMsg": "checkSession:fail session time out, need relogin"}


async def test_after_a_rotation_the_phone_is_content_and_the_server_is_not(wire: Wire) -> None:
    openid, session_key = await signed_in(wire)

    assert await wire.control("session-key/rotate", {"openid": openid}) == {"openid": openid}

    assert await wire.control("wx/checkSession", {"openid": openid}) == {"errMsg": "checkSession:ok"}
    answer = await wire.session_call("/wxa/checksession", await wire.token(ONE), openid, session_key)
    assert answer["errcode"] == 87009
