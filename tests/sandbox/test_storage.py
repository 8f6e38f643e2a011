"""The state file: what survives a restart, and what is refused."""

import json
import logging
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.offline_wechat import OfflineWeChat
from sandbox.people import SessionKeys
from sandbox.server import create_server, running
from sandbox.state import User
from sandbox.storage import StateFileError
from tests.sandbox.wire import RealTime, Wire, until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def sandbox_with(path: Path) -> AsyncIterator[Wire]:
    wechat = OfflineWeChat(real_time=RealTime(), session_keys=SessionKeys(rotation=0.0))
    server = create_server(port=0, state_file=path, wechat=wechat, embedded=True)
    async with running(server), httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        yield Wire(server, http)


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def test_yesterdays_users_codes_tokens_and_time_still_exist(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with sandbox_with(path) as wire:
        user = await wire.control("users", {"nickname": "林", "unionid": None, "blocked": False})
        session = await wire.exchange(await wire.code(user["openid"]))
        used, unused = await wire.code(user["openid"]), await wire.code(user["openid"])
        await wire.exchange(used)
        phone_code = (await wire.control("wx/getPhoneNumber", {"openid": user["openid"]}))["code"]
        replaced, token = await wire.token(), await wire.token()
        stable = await wire.stable(force_refresh=True)
        await wire.advance(250)
        await wire.fault("/cgi-bin/token", "reset")

    async with sandbox_with(path) as wire:
        state = await wire.state()
        assert state["users"] == [user]
        assert state["offset"] == 250
        assert state["faults"] == {"faults": [], "notifications": "normal"}
        assert state["calls"]["/sns/jscode2session"] == 0
        assert await wire.exchange(unused) == session
        assert (await wire.exchange(used))["errcode"] == 40163
        assert await wire.stable() == {**stable, "expires_in": 6950}
        text = {"content": "你好", "version": 2, "scene": 1, "openid": user["openid"]}
        assert (await wire.post("/wxa/msg_sec_check", text, stable["access_token"]))["errcode"] == 0
        answers = [
            await wire.post("/wxa/business/getuserphonenumber", {"code": phone_code}, stable["access_token"])
            for _ in range(2)
        ]
        assert answers[0]["phone_info"]["purePhoneNumber"] == user["phone"]
        assert answers[1]["errcode"] == 40029
        check = await wire.session_call("/wxa/checksession", token, user["openid"], session["session_key"])
        assert check["errcode"] == 0
        await wire.advance(50)
        assert await wire.token_errcode(replaced) == 40001
        await wire.control("reset")

    async with sandbox_with(path) as wire:
        assert (await wire.state())["users"] == []


async def test_the_file_is_the_owners_alone_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    async def exists() -> bool:
        return path.exists()

    async with sandbox_with(path) as wire:
        await wire.control("users", {})
        assert not path.exists()
        await until(exists)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(json.loads(path.read_bytes())["users"]) == 1
        for _ in range(20):
            await wire.control("users", {})

    assert len(json.loads(path.read_bytes())["users"]) == 21
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["state.json"]


async def test_reading_and_refusals_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with sandbox_with(path) as wire:
        await wire.state()
        await wire.refused("clock", {"advance": -1}, 400)

    assert not path.exists()


async def test_without_a_file_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server = create_server(port=0, embedded=True)
    async with running(server), httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        await Wire(server, http).control("users", {})

    assert names_in(tmp_path) == []


GOOD = {"version": 1, "offset": 0, "users": [], "codes": [], "tokens": [], "forced": []}
USER: dict[str, Any] = {
    "openid": "o1",
    "appid": "wx5a4db0c500000001",
    "unionid": None,
    "nickname": "Lin",
    "avatar_url": "",
    "gender": 0,
    "phone": "13800000001",
    "blocked": False,
    "session_key": None,
    "session_key_expires_at": 0,
}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON; delete it to start anew"),
        (b"{", "it is not JSON; delete it to start anew"),
        (b"\xff\xfe", "it is not JSON; delete it to start anew"),
        (b"[" * 100_000, "it is not JSON; delete it to start anew"),
        (b"[]", "it is not a sandbox state of version 1; delete it to start anew"),
        (json.dumps({**GOOD, "version": 2}).encode(), "it is not a sandbox state of version 1; delete it"),
        (json.dumps({**GOOD, "offset": None}).encode(), "its clock offset is missing; delete it"),
        (json.dumps({**GOOD, "tokens": None}).encode(), "its list of AccessToken is missing; delete it"),
        (json.dumps({**GOOD, "users": [1]}).encode(), "a User has other fields than it should; delete it"),
        (json.dumps({**GOOD, "users": [{**USER, "x": 1}]}).encode(), "a User has other fields than it should"),
        (json.dumps({**GOOD, "users": [{"openid": "o1"}]}).encode(), "a User has other fields than it should"),
        (json.dumps({**GOOD, "phone_codes": None}).encode(), "its list of PhoneCode is missing; delete it"),
        (json.dumps({**GOOD, "users": [{**USER, "phone": 1}]}).encode(), "a User has a field of the wrong type"),
        (json.dumps({**GOOD, "users": [{**USER, "seen_at": ""}]}).encode(), "a User has a field of the wrong type"),
        (json.dumps({**GOOD, "users": [{**USER, "gender": True}]}).encode(), "a User has a field of the wrong type"),
        (json.dumps({**GOOD, "users": [{**USER, "blocked": 0}]}).encode(), "a User has a field of the wrong type"),
        (json.dumps({**GOOD, "users": [{**USER, "unionid": 1}]}).encode(), "a User has a field of the wrong type"),
    ],
)
def test_a_file_that_is_no_state_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)

    with pytest.raises(StateFileError) as refused:
        create_server(port=0, state_file=path)

    assert str(refused.value).startswith(f"the sandbox state {path} cannot be used: {reason}")
    assert path.read_bytes() == content


def test_a_file_of_before_people_had_provinces_and_phone_codes_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({**GOOD, "users": [USER]}), encoding="utf-8")

    server = create_server(port=0, state_file=path)

    assert server.wechat.state.users == {"o1": User(**USER)}
    assert server.wechat.state.phone_codes == {}


def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="Is a directory"):
        create_server(port=0, state_file=tmp_path)
    with pytest.raises(StateFileError, match="its folder does not exist"):
        create_server(port=0, state_file=tmp_path / "missing" / "state.json")


async def test_a_file_that_cannot_be_written_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()

    async def logged() -> bool:
        return bool(caplog.records)

    async with sandbox_with(folder / "state.json") as wire:
        folder.rmdir()
        await wire.control("users", {})
        await until(logged)
        folder.mkdir()
        await wire.control("users", {})

    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.name for record in errors] == ["sandbox"]
    assert (
        errors[0].getMessage()
        == f"the sandbox state {folder / 'state.json'} cannot be written: No such file or directory"
    )
    assert len(json.loads((folder / "state.json").read_bytes())["users"]) == 2


async def test_a_write_that_fails_half_way_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with sandbox_with(path) as wire:
        path.mkdir()
        await wire.control("users", {})

    assert names_in(tmp_path) == ["state.json"]
    assert names_in(path) == []
