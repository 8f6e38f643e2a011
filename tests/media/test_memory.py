"""500 hostile pictures, ten at a time, sent to a real server whose memory is watched."""

import asyncio
import itertools
import sqlite3
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from domain.ids import Prefix, new_id
from domain.sessions import hash_token, new_token
from tests import canaries
from tests.databases import SqliteFolder
from tests.media.hostile import refused, survived
from tests.memory import peak
from tests.process.running import free_port, started, wait_until_ready

pytestmark = pytest.mark.anyio
LIMIT = 200 * 1024 * 1024
COUNT = 500
USERS = 5
AT_ONCE = 2
APPID = "wx4f4bc4dec97d474b"


def sign_in(database_url: str) -> str:
    """The token of a new user, written where the server finds it: production has no WeChat to ask here."""
    token, now = new_token(), datetime.now(UTC)
    canaries.add(token)
    user, identity, session = (new_id(prefix, now) for prefix in (Prefix.USER, Prefix.IDENTITY, Prefix.SESSION))
    at = now.isoformat(sep=" ")
    with sqlite3.connect(database_url.removeprefix("sqlite://")) as database:
        database.execute("INSERT INTO users (id, created_at) VALUES (?, ?)", (user, at))
        database.execute(
            "INSERT INTO identities (id, user_id, appid, openid, session_key, created_at) VALUES (?, ?, ?, ?, '', ?)",
            (identity, user, APPID, user, at),
        )
        database.execute(
            "INSERT INTO sessions (id, identity_id, token_hash, created_at, last_used_at) VALUES (?, ?, ?, ?, ?)",
            (session, identity, hash_token(token), at, at),
        )
    database.close()
    return token


async def send(phone: httpx.AsyncClient, tokens: list[str]) -> Counter[int]:
    """How often each status was answered; every user has two uploads under way."""
    files = [data for data, _ in refused().values()] + list(survived().values())
    pictures = itertools.islice(itertools.cycle(files), COUNT)
    statuses: Counter[int] = Counter()

    async def send_some(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        for picture in pictures:
            answer = await phone.post("/uploads/avatar", files={"file": ("a.jpg", picture)}, headers=headers)
            statuses[answer.status_code] += 1

    await asyncio.gather(*(send_some(token) for token in tokens * AT_ONCE))
    return statuses


@pytest.mark.skipif(sys.platform != "linux", reason="the most that a process ever held is read from /proc")
async def test_a_server_that_is_sent_500_hostile_pictures_stays_under_200_mib(
    tmp_path: Path, sqlite: SqliteFolder
) -> None:
    # given
    port, database_url = free_port(), sqlite.fresh()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "APPLETQL_APPID": APPID,
        "APPLETQL_APPSECRET": "5d3f9e1c7b2a4d6f8e0c1b3a5d7f9e1c",
        "APPLETQL_SECRET_KEYS": Fernet.generate_key().decode(),
        "APPLETQL_PUBLIC_URL": "https://shop.example",
        "APPLETQL_DATABASE_URL": database_url,
    }
    tokens = [sign_in(database_url) for _ in range(USERS)]
    with started(tmp_path, "serve", "--port", str(port), **environment) as process:
        wait_until_ready(url)
        # when
        async with httpx.AsyncClient(base_url=url, timeout=60) as phone:
            statuses = await send(phone, tokens)
        # then
        assert peak(process.pid) < LIMIT
    assert statuses.keys() == {200, 400, 413}
    assert statuses.total() == COUNT
