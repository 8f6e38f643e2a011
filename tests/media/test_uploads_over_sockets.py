"""An upload that is too large, over a real socket: the refusal arrives, however much is still on its way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message

from server.lingering import Incoming, Lingering
from tests.accounts.pictures import picture
from tests.databases import SqliteFolder
from tests.media.hostile import MEBIBYTE
from tests.media.house import BOUNDARY, form
from tests.shop import Shop, open_shop

pytestmark = pytest.mark.anyio
TIMES = 5
HEAD = (
    "POST /uploads/avatar HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer {token}\r\n"
    f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
)


@pytest.fixture
async def shop(sqlite: SqliteFolder) -> AsyncIterator[Shop]:
    async with open_shop(sqlite.fresh()) as shop:
        yield shop


@pytest.mark.parametrize("size", [2 * MEBIBYTE + 1, 6 * MEBIBYTE, 12 * MEBIBYTE])
async def test_too_large_a_file_is_answered_and_the_next_is_taken(shop: Shop, size: int) -> None:
    # given
    headers = {"Authorization": f"Bearer {(await shop.buyer()).token}"}
    content = bytes(size)
    async with httpx.AsyncClient(base_url=shop.url, headers=headers, timeout=30) as phone:
        for _ in range(TIMES):
            # when
            answer = await phone.post("/uploads/avatar", files={"file": ("a.jpg", content)})
            # then
            assert answer.status_code == 413
            assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
        taken = await phone.post("/uploads/avatar", files={"file": ("a.png", picture())})
    assert taken.status_code == 200


async def test_a_form_that_is_wrong_is_answered_while_most_of_it_is_on_its_way(shop: Shop) -> None:
    token = (await shop.buyer()).token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    body = b"something before\r\n" + form(("file", "a.jpg", bytes(2 * MEBIBYTE - 1000)))
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as phone:
        for _ in range(TIMES):
            assert (await phone.post("/uploads/avatar", content=body, headers=headers)).status_code == 400


@pytest.mark.parametrize("length", ["Transfer-Encoding: chunked", f"Content-Length: {10**12}"])
async def test_a_body_that_never_ends_is_answered_and_then_cut_off(shop: Shop, length: str) -> None:
    # given
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(shop.url).port)
    writer.write(f"{HEAD.format(token=(await shop.buyer()).token)}{length}\r\n\r\n".encode())
    part = form(("file", "a.jpg", b""), end=b"")[: -len(f"\r\n--{BOUNDARY}")] + bytes(65_000)
    sent = 0

    async def send_for_ever() -> None:
        nonlocal sent, part
        while True:
            writer.write(b"%x\r\n%s\r\n" % (len(part), part) if "chunked" in length else part)
            await writer.drain()
            sent, part = sent + len(part), bytes(65_000)

    # when
    async with asyncio.timeout(20):
        sending = asyncio.create_task(send_for_ever())
        answer = await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(ConnectionError):
            await sending
    # then
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert 16 * MEBIBYTE < sent < 40 * MEBIBYTE  # the system holds some of it on both sides
    with contextlib.suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()


async def test_somebody_who_stops_sending_is_not_waited_for_longer_than_is_said() -> None:
    # given
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    # when
    async with asyncio.timeout(5):
        response = PlainTextResponse("no")
        await Lingering(seconds=0.02).answer(response, {"type": "http"}, Incoming(receive), send)
    # then
    assert [(message.get("body"), message.get("more_body")) for message in sent] == [
        (None, None),
        (b"no", True),
        (b"", False),
    ]
