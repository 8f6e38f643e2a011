"""No secret, token, openid or code in any message, repr or log record, whatever WeChat answers."""

import logging
import traceback
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.wechat.scripted import (
    APP,
    CODE,
    CONTENT,
    NEW_SESSION_KEY,
    NUMBER,
    OPENID,
    PHONE_CODE,
    PRIVATE,
    RID,
    SCENE,
    SESSION_KEY,
    Reply,
    Script,
    open_wechat,
    refusal,
)
from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.client import WeChat
from wechat.content_check import MSG_SEC_CHECK, Scene
from wechat.errcodes import ERRORS
from wechat.login import CHECKSESSION, CODE2SESSION, RESETUSERSESSIONKEY
from wechat.mini_program_code import GETWXACODEUNLIMIT
from wechat.phone import GETUSERPHONENUMBER

pytestmark = pytest.mark.anyio

Call = Callable[[WeChat], Awaitable[object]]
CALLS: dict[str, Call] = {
    CODE2SESSION: lambda wechat: wechat.login.code2session(APP, CODE),
    CHECKSESSION: lambda wechat: wechat.login.checksession(APP, OPENID, SESSION_KEY),
    RESETUSERSESSIONKEY: lambda wechat: wechat.login.resetusersessionkey(APP, OPENID, SESSION_KEY),
    STABLE_TOKEN: lambda wechat: wechat.check_credentials(APP),
    GETUSERPHONENUMBER: lambda wechat: wechat.phone.getuserphonenumber(APP, PHONE_CODE, OPENID),
    MSG_SEC_CHECK: lambda wechat: wechat.content.msg_sec_check(
        APP, OPENID, CONTENT, Scene.PROFILE, nickname=CONTENT, title=CONTENT
    ),
    GETWXACODEUNLIMIT: lambda wechat: wechat.codes.getwxacodeunlimit(APP, SCENE, "pages/index/index"),
}
GARBAGE = " ".join(PRIVATE).encode()
REPLIES: list[Reply] = [
    *(refusal(errcode) for errcode in [*ERRORS, 99999]),
    *(GARBAGE, b'{"' + GARBAGE, b'["%s"]' % GARBAGE, b'{"errcode": "%s"}' % GARBAGE, GARBAGE + b"\xff"),
    {"openid": OPENID, "session_key": NEW_SESSION_KEY[1:], "access_token": [*PRIVATE]},
    {"phone_info": {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER + "0", "countryCode": NUMBER}},
    {
        "phone_info": {
            "phoneNumber": NUMBER,
            "purePhoneNumber": NUMBER[::-1],
            "countryCode": 86,
            "watermark": {"appid": APP.appid},
        },
        "result": {"suggest": CONTENT, "label": CONTENT},
    },
    {"result": {"suggest": "pass", "label": CONTENT}},
    httpx.Response(200, content=GARBAGE, headers={"content-type": "image/jpeg"}),
    httpx.Response(500, content=GARBAGE, headers={"location": CODE}),
    httpx.ReadTimeout(GARBAGE.decode()),
    httpx.UnsupportedProtocol(GARBAGE.decode()),
    httpx.InvalidURL(GARBAGE.decode()),
    OSError(GARBAGE.decode()),
]


def shown(error: BaseException) -> str:
    """All that a log or an answer can make of an error and of what hangs on it."""
    lines = traceback.TracebackException.from_exception(error).format()
    return "\n".join([*lines, str(error), repr(error), repr(vars(error)), repr(error.args)])


def private_in(text: str) -> list[str]:
    return [private for private in PRIVATE if private in text]


@pytest.mark.parametrize("path", CALLS)
async def test_whatever_fails_shows_nothing_private(path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for reply in REPLIES:
        caplog.clear()
        async with open_wechat(Script({path: [reply]})) as wechat:
            try:
                await CALLS[path](wechat)
            except errors.WeChatError as error:
                text = shown(error)
            else:
                text = ""
        logged = "\n".join(record.getMessage() + repr(vars(record)) for record in caplog.records)

        assert private_in(text + logged) == []
        assert path in logged


async def test_success_is_logged_with_its_path_and_nothing_private(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script({CODE2SESSION: [{"openid": OPENID, "session_key": SESSION_KEY}], CHECKSESSION: [{"errcode": 0}]})
    async with open_wechat(script, monotonic=iter(range(1000)).__next__) as wechat:
        await CALLS[CODE2SESSION](wechat)
        await CALLS[CHECKSESSION](wechat)

    messages = [record.getMessage() for record in caplog.records if record.name == "wechat.api"]
    assert messages == [
        f"WeChat {path} answered errcode=None rid=None ms=1000" for path in (CODE2SESSION, STABLE_TOKEN, CHECKSESSION)
    ]
    assert {record.name.partition(".")[0] for record in caplog.records} <= {"wechat", "asyncio"}


async def test_a_failure_is_a_warning_with_errcode_and_rid(caplog: pytest.LogCaptureFixture) -> None:
    async with open_wechat(Script({CODE2SESSION: [refusal(40029)]}), monotonic=lambda: 0.0) as wechat:
        with pytest.raises(errors.LoginCodeInvalid):
            await CALLS[CODE2SESSION](wechat)

    records = [record for record in caplog.records if record.name == "wechat.api"]
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("WARNING", f"WeChat {CODE2SESSION} LoginCodeInvalid errcode=40029 rid={RID} ms=0")
    ]
