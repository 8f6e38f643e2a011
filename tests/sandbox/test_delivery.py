"""How answers travel, where no path of today's shows it."""

import asyncio
import time

import pytest
from starlette.types import Message

from sandbox.delivery import Drip, Line
from sandbox.endpoints import Answer

pytestmark = pytest.mark.anyio

EMPTY = Answer(204, b"", "", (("Request-ID", "1"),))
LONG = Answer(200, b"0123456789", "text/plain")


class Client:
    """A client that stays: it sends nothing more and takes everything."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    def line(self) -> Line:
        return Line({"type": "http"}, self.receive, self.send, asyncio.Event())


async def test_an_answer_without_a_body_is_late_where_it_cannot_drip() -> None:
    client, before = Client(), time.monotonic()

    await client.line().drip(EMPTY, Drip(interval=0.01, length=0.1))

    assert time.monotonic() - before >= 0.1
    assert client.messages == [
        {"type": "http.response.start", "status": 204, "headers": [(b"Request-ID", b"1")]},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


async def test_a_drip_ends_in_time_however_long_the_answer() -> None:
    client, before = Client(), time.monotonic()

    await client.line().drip(LONG, Drip(interval=0.1, length=0.15))

    assert 0.15 <= time.monotonic() - before < 1
    bodies = [message["body"] for message in client.messages[1:]]
    assert bodies == [b"0", b"1", b"23456789"]
    assert [message["more_body"] for message in client.messages[1:]] == [True, True, False]


async def test_without_the_server_a_connection_cannot_be_cut() -> None:
    client = Client()

    with pytest.raises(RuntimeError, match="can cut a connection"):
        await client.line().cut()

    assert client.messages == []
