"""Faults: each kind, and whether the effect took place."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio

LOGIN = "/sns/jscode2session"


async def test_an_errcode_has_no_effect(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "errcode:-1")

    failed = await wire.exchange_raw(code)

    assert failed.status_code == 200
    assert failed.headers["content-type"] == "text/plain"
    assert failed.json()["errcode"] == -1
    assert failed.json()["errmsg"].startswith("system error rid: ")
    assert "openid" in await wire.exchange(code)


async def test_any_errcode_may_be_ordered(wire: Wire) -> None:
    await wire.fault("/cgi-bin/token", "errcode:40164")

    answer = (await wire.http.get("/cgi-bin/token")).json()

    assert answer["errcode"] == 40164
    assert answer["errmsg"].startswith("error rid: ")


@pytest.mark.parametrize("status", [204, 302, 429, 500, 502])
async def test_an_http_status_has_no_effect(wire: Wire, status: int) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, f"http:{status}")

    failed = await wire.exchange_raw(code)

    assert failed.status_code == status
    assert b"{" not in failed.content
    assert "openid" in await wire.exchange(code)


async def test_garbage_is_an_effect_with_a_useless_answer(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "garbage")

    lost = await wire.exchange_raw(code)

    assert lost.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        lost.json()
    assert (await wire.exchange(code))["errcode"] == 40163


async def test_a_delay_is_an_effect_with_a_late_answer(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "delay:0.25")
    before = time.monotonic()
    late = asyncio.create_task(wire.exchange(code))
    await wire.called(LOGIN, 1)

    second = await wire.exchange(code)
    first = await late

    assert second["errcode"] == 40163
    assert "openid" in first
    assert time.monotonic() - before >= 0.25


async def test_a_client_that_does_not_wait_has_caused_the_effect(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "delay:600")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await wire.exchange(code)

    assert (await wire.exchange(code))["errcode"] == 40163


async def test_reset_cuts_before_the_effect(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "reset")

    with pytest.raises(httpx.ReadError):
        await wire.exchange_raw(code)

    assert await wire.calls(LOGIN) == 1
    assert "openid" in await wire.exchange(code)


async def test_reset_after_cuts_after_the_effect(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "reset-after")

    with pytest.raises(httpx.ReadError):
        await wire.exchange_raw(code)

    assert await wire.calls(LOGIN) == 1
    assert (await wire.exchange(code))["errcode"] == 40163


async def test_a_reset_reaches_the_client_as_a_tcp_reset_without_a_byte(wire: Wire) -> None:
    await wire.fault(LOGIN, "reset")
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.server.port)
    writer.write(b"GET /sns/jscode2session HTTP/1.1\r\nHost: sandbox\r\n\r\n")

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)

    writer.close()


async def test_a_drip_outlasts_each_single_read(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "drip")
    before = time.monotonic()

    # The pace of these tests: a byte each 0.05 s, 0.6 s in all. A read time-out of 0.3 s never strikes at first.
    response = await wire.exchange_raw(code)

    assert 0.6 <= time.monotonic() - before < 2
    assert "openid" in response.json()
    assert (await wire.exchange(code))["errcode"] == 40163


async def test_a_drip_comes_byte_by_byte(wire: Wire) -> None:
    code = await wire.code()
    await wire.fault(LOGIN, "drip")

    async with wire.http.stream("GET", LOGIN, params={"js_code": code}) as response:
        raw = response.aiter_raw()
        pieces = [await anext(raw) for _ in range(4)]

    assert response.status_code == 200
    assert pieces == [b"{", b'"', b"e", b"r"]


async def test_a_fault_lasts_as_many_times_as_ordered(wire: Wire) -> None:
    await wire.fault(LOGIN, "http:503", times=2)
    code = await wire.code()

    statuses = [(await wire.exchange_raw(code)).status_code for _ in range(3)]

    assert statuses == [503, 503, 200]
    assert (await wire.state())["faults"] == {"faults": [], "notifications": "normal"}


async def test_faults_of_one_path_come_in_order_and_leave_other_paths_alone(wire: Wire) -> None:
    faults: list[dict[str, Any]] = [
        {"path": LOGIN, "fault": "errcode:-1"},
        {"path": LOGIN, "fault": "http:500", "times": 1},
        {"path": "/cgi-bin/token", "fault": "garbage"},
    ]
    ordered = await wire.control("faults", {"faults": faults}, "PUT")
    code = await wire.code()

    first, second, third = [await wire.exchange_raw(code) for _ in range(3)]

    assert ordered == {"faults": [{**fault, "times": 1} for fault in faults], "notifications": "normal"}
    assert first.json()["errcode"] == -1
    assert second.status_code == 500
    assert "openid" in third.json()
    assert (await wire.state())["faults"]["faults"] == [{**faults[2], "times": 1}]


async def test_an_order_replaces_what_was_ordered(wire: Wire) -> None:
    await wire.control("faults", {"faults": [{"path": LOGIN, "fault": "reset"}], "notifications": "drop"}, "PUT")

    assert await wire.control("faults", {}, "PUT") == {"faults": [], "notifications": "normal"}
    assert "openid" in await wire.exchange(await wire.code())


@pytest.mark.parametrize("mode", ["normal", "drop", "duplicate", "early", "signtest", "reordered"])
async def test_the_mode_of_notifications_is_kept_and_shown(wire: Wire, mode: str) -> None:
    answer = await wire.control("faults", {"notifications": mode}, "PUT")

    assert answer == {"faults": [], "notifications": mode}
    assert (await wire.state())["faults"] == answer


BAD_ORDERS: list[Any] = [
    {"faults": [{"path": LOGIN, "fault": "bad-signature"}]},
    {"faults": [{"path": LOGIN, "fault": "signtest"}]},
    {"faults": [{"path": "/unknown", "fault": "reset"}]},
    {"faults": [{"path": "/_sandbox/clock", "fault": "reset"}]},
    {"faults": [{"path": LOGIN, "fault": "unheard-of"}]},
    {"faults": [{"path": LOGIN, "fault": "errcode"}]},
    {"faults": [{"path": LOGIN, "fault": "errcode:x"}]},
    {"faults": [{"path": LOGIN, "fault": "reset:1"}]},
    {"faults": [{"path": LOGIN, "fault": "http:199"}]},
    {"faults": [{"path": LOGIN, "fault": "http:600"}]},
    {"faults": [{"path": LOGIN, "fault": "delay:-1"}]},
    {"faults": [{"path": LOGIN, "fault": "delay:601"}]},
    {"faults": [{"path": LOGIN, "fault": "reset", "times": 0}]},
    {"faults": [{"path": LOGIN, "fault": "reset", "times": True}]},
    {"faults": [{"path": LOGIN, "fault": "reset", "times": 1.5}]},
    {"faults": [{"path": LOGIN, "fault": "reset", "extra": 1}]},
    {"faults": [{"path": LOGIN}]},
    {"faults": [{"fault": "reset"}]},
    {"faults": [{"path": LOGIN, "fault": "reset"}, {"path": LOGIN, "fault": "signtest"}]},
    {"faults": ["reset"]},
    {"faults": {"path": LOGIN, "fault": "reset"}},
    {"notifications": "sometimes"},
    {"notifications": None},
    {"faults": [], "unknown": 1},
    [],
    None,
]


@pytest.mark.parametrize("body", BAD_ORDERS)
async def test_a_bad_order_is_refused_and_changes_nothing(wire: Wire, body: Any) -> None:
    await wire.control("faults", {"faults": [{"path": LOGIN, "fault": "drip"}], "notifications": "early"}, "PUT")

    await wire.refused("faults", body, 400, "PUT")
