"""The sandbox as a server."""

import asyncio
import email.utils
import json
import logging
import signal
import time
from typing import Any

import httpx
import pytest

from sandbox.apps import DEFAULT_APPS, App
from sandbox.offline_wechat import OfflineWeChat
from sandbox.server import create_server, running
from tests.sandbox.wire import ONE, Wire

pytestmark = pytest.mark.anyio


async def test_the_front_page_says_what_this_is(wire: Wire) -> None:
    page = await wire.http.get("/")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.text.startswith("AppletQL sandbox: an offline WeChat for development and tests.")
    for path in ("/sns/jscode2session", "/_sandbox/wx/login", "/_sandbox/faults", "/_sandbox/reset"):
        assert f" {path}" in page.text
    lines = page.text.splitlines()
    assert "  /wxa/business/getuserphonenumber" in lines
    assert "  /wxa/msg_sec_check" in lines
    assert "  /wxa/getwxacodeunlimit" in lines
    assert "  违禁: risky, label 20001" in lines
    assert "  review: review, label 21000" in lines
    assert (
        "  POST /_sandbox/wx/getPhoneNumber  "
        '{openid, deny?: true, countryCodeAs?: "string" | "number"} → {code, encryptedData, iv, errMsg}'
    ) in lines


@pytest.mark.parametrize("path", ["/unknown", "/sns", "/sns/jscode2session/", "/cgi-bin/token/x"])
async def test_an_unknown_path_is_404_without_a_body(wire: Wire, path: str) -> None:
    response = await wire.http.get(path)

    assert (response.status_code, response.content) == (404, b"")


async def test_an_unknown_order_is_404_with_a_reason(wire: Wire) -> None:
    missing = await wire.http.post("/_sandbox/unknown")
    wrong_method = await wire.http.get("/_sandbox/users")

    assert (missing.status_code, missing.json()) == (404, {"error": "no such call; GET / lists them"})
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/cgi-bin/stable_token", "/_sandbox/users"])
async def test_a_body_is_bounded(wire: Wire, path: str) -> None:
    largest = await wire.http.post(path, content=b" " * 1024 * 1024)
    too_large = await wire.http.post(path, content=b" " * (1024 * 1024 + 1))

    assert largest.status_code != 413
    assert too_large.status_code == 413


async def test_the_date_is_real_time_whatever_the_clock_says(wire: Wire) -> None:
    await wire.advance(7 * 86400)

    date = (await wire.http.get("/_sandbox/clock")).headers["date"]

    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 5


async def raw(wire: Wire, request: str) -> dict[str, Any]:
    # Two hundred connections of httpx take seconds to open; these do not.
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.server.port)
    writer.write(f"{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    content: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return content


async def test_two_hundred_at_once(wire: Wire) -> None:
    query = f"appid={ONE.appid}&secret={ONE.secret}&grant_type=authorization_code"
    logins = await asyncio.gather(*(raw(wire, "POST /_sandbox/wx/login") for _ in range(200)))
    # One code sent by twenty at the same time is taken once.
    codes = [login["code"] for login in logins] + [await wire.code()] * 20
    answers = await asyncio.gather(*(raw(wire, f"GET /sns/jscode2session?{query}&js_code={code}") for code in codes))

    assert [answer["openid"] for answer in answers[:200]] == [login["openid"] for login in logins]
    assert len({login["openid"] for login in logins}) == 200
    assert sorted(answer.get("errcode", 0) for answer in answers[200:]) == [0] + [40163] * 19
    assert await wire.calls("/sns/jscode2session") == 220


async def test_no_query_string_reaches_a_log(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="uvicorn")
    caplog.set_level(logging.DEBUG, logger="uvicorn.access")

    reader, writer = await asyncio.open_connection("127.0.0.1", wire.server.port)
    writer.write(b"GET /sns/jscode2session?secret=hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()

    assert b'"errcode":41002' in answer
    assert "hidden" not in caplog.text


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_error(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/cgi-bin/stable_token", "/_sandbox/users"):
        _, writer = await asyncio.open_connection("127.0.0.1", wire.server.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{{".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.05)

    assert (await wire.state())["users"] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_it_stops_at_once_while_answers_are_held_back(caplog: pytest.LogCaptureFixture) -> None:
    async def attempt(wire: Wire) -> type[Exception] | None:
        try:
            await wire.exchange_raw("unknown")
        except httpx.HTTPError as error:
            return type(error)
        return None

    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        async with running(create_server(port=0, embedded=True)) as server:
            http.base_url = httpx.URL(server.url)
            wire = Wire(server, http)
            faults = [{"path": "/sns/jscode2session", "fault": fault} for fault in ("delay:60", "drip")]
            await wire.control("faults", {"faults": faults}, "PUT")
            waiting = [asyncio.create_task(attempt(wire)) for _ in faults]
            await wire.called("/sns/jscode2session", 2)
            before = time.monotonic()
        assert time.monotonic() - before < 0.9
        assert await asyncio.gather(*waiting) == [httpx.ReadError] * 2

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_taken_port_is_an_error_of_the_caller(wire: Wire) -> None:
    server = create_server(port=wire.server.port, embedded=True)

    with pytest.raises(OSError, match="in use"):
        async with running(server):
            pytest.fail("it must not start")


async def test_the_port_is_known_once_it_listens() -> None:
    server = create_server(port=0, embedded=True)
    with pytest.raises(RuntimeError, match="does not listen yet"):
        _ = server.port

    async with running(server):
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"


async def test_only_a_server_alone_takes_the_signals() -> None:
    ours = signal.getsignal(signal.SIGINT)
    async with running(create_server(port=0, embedded=True)):
        assert signal.getsignal(signal.SIGINT) is ours
    async with running(create_server(port=0)):
        assert signal.getsignal(signal.SIGINT) is not ours
    assert signal.getsignal(signal.SIGINT) is ours


def test_the_default_apps_are_well_known() -> None:
    assert [app.appid for app in DEFAULT_APPS] == ["wx5a4db0c500000001", "wx5a4db0c500000002"]
    assert [len(app.secret) for app in DEFAULT_APPS] == [32, 32]
    assert DEFAULT_APPS[0].secret != DEFAULT_APPS[1].secret
    assert "secret" not in repr(ONE)


@pytest.mark.parametrize(
    "apps",
    [(), (ONE, ONE), (ONE, App(ONE.appid, "another"))],
)
def test_the_sandbox_needs_each_app_once(apps: tuple[App, ...]) -> None:
    with pytest.raises(ValueError, match="each appid once"):
        OfflineWeChat(apps)


@pytest.mark.parametrize(("appid", "secret"), [("wx123", "s"), ("gh5a4db0c500000001", "s"), (ONE.appid, "")])
def test_an_app_has_an_appid_and_a_secret(appid: str, secret: str) -> None:
    with pytest.raises(ValueError, match="an app"):
        App(appid, secret)
