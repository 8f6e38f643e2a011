"""A real connection to a server that behaves badly: always an answer in time, a named error, and nothing sent twice."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.wechat.loopback import Conversation, Loopback, answer, reset, serve
from tests.wechat.scripted import APP, CODE, OPENID, PRIVATE, SESSION_KEY
from wechat import errors
from wechat.client import WeChat
from wechat.http import LARGEST_BODY, new_http_client

pytestmark = pytest.mark.anyio

GOOD = b'{"openid": "%s", "session_key": "%s"}' % (OPENID.encode(), SESSION_KEY.encode())
OVERSIZED = answer(b" " * LARGEST_BODY + b"{}")
COMPRESSED = answer(GOOD, headers=b"content-encoding: gzip\r\n")


def said(*parts: bytes, end: Callable[[asyncio.StreamWriter], None] | None = None) -> Conversation:
    """Write the parts, then `end` the connection, or keep it open."""

    async def conversation(_: int, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
        await writer.drain()
        if end is not None:
            await asyncio.sleep(0.05)
            end(writer)

    return conversation


async def login(server: Loopback, deadline: float = 2.5) -> None:
    async with new_http_client() as client:
        await WeChat(client, server.address, deadline=deadline).login.code2session(APP, CODE)


async def failure(server: Loopback, deadline: float = 2.5) -> errors.WeChatError:
    with pytest.raises(errors.WeChatError) as raised:
        await login(server, deadline)
    assert raised.value.__context__ is None
    assert not any(private in str(raised.value) for private in PRIVATE)
    return raised.value


async def drip(_: int, writer: asyncio.StreamWriter) -> None:
    for byte in answer(GOOD):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def never(_: int, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(10)


async def drip_body(_: int, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(b"", length=1000))
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("conversation", [drip, drip_body, never])
async def test_the_deadline_covers_the_whole_call(conversation: Conversation) -> None:
    async with serve(conversation) as server:
        started = time.monotonic()
        error = await failure(server, deadline=0.5)

        assert type(error) is errors.TimedOut
        assert 0.45 < time.monotonic() - started < 1.5
        assert server.requests == 1


@pytest.mark.parametrize("bad", [drip, drip_body, said(OVERSIZED), said(COMPRESSED)])
async def test_calls_that_were_given_up_leave_the_pool_usable(bad: Conversation) -> None:
    # Given a pool of one connection, and a server that misbehaves three times
    async def conversation(turn: int, writer: asyncio.StreamWriter) -> None:
        await (bad if turn <= 3 else said(answer(GOOD)))(turn, writer)

    async with serve(conversation) as server, new_http_client(connections=1) as client:
        wechat = WeChat(client, server.address, deadline=0.3)
        for _ in range(3):
            with pytest.raises(errors.Unavailable):
                await wechat.login.code2session(APP, CODE)

        # When it behaves
        session = await wechat.login.code2session(APP, CODE)

        # Then the call goes through
        assert session.openid == OPENID
        assert server.requests == 4


async def test_a_caller_that_leaves_is_not_told_of_a_time_out() -> None:
    async with serve(never) as server:
        call = asyncio.create_task(login(server))
        await server.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


def half_close(writer: asyncio.StreamWriter) -> None:
    writer.write_eof()


HEADERS = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "conversation",
    [
        pytest.param(said(end=reset), id="reset before the headers"),
        pytest.param(said(HEADERS, GOOD[:20], end=reset), id="reset after the headers"),
        pytest.param(said(b"HTTP/1.1 200 OK\r\nconte", end=reset), id="reset within the headers"),
        pytest.param(said(end=close), id="closed before the headers"),
        pytest.param(said(HEADERS, GOOD[:20], end=close), id="closed within the body"),
        pytest.param(said(end=half_close), id="half-closed before the headers"),
        pytest.param(said(HEADERS, GOOD[:20], end=half_close), id="half-closed within the body"),
        pytest.param(said(CHUNKED, b'5\r\n{"a":\r\n', end=half_close), id="half-closed between chunks"),
        pytest.param(said(CHUNKED, b"zz\r\n{}\r\n", end=close), id="no chunk size"),
        pytest.param(said(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", end=close), id="TLS to a plain client"),
        pytest.param(said(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", end=close), id="another protocol"),
        pytest.param(said(b"HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\n{}", end=close), id="two lengths"),
        pytest.param(said(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000, end=close), id="endless headers"),
    ],
)
async def test_a_connection_that_ends_early_is_broken_off_and_not_tried_again(conversation: Conversation) -> None:
    async with serve(conversation) as server:
        error = await failure(server)

        assert type(error) is errors.BrokenOff
        assert server.requests == 1


@pytest.mark.parametrize(
    ("conversation", "detail"),
    [
        pytest.param(said(OVERSIZED), "more than 1048576 bytes", id="oversized"),
        pytest.param(
            said(CHUNKED, *[b"10000\r\n" + b" " * 0x10000 + b"\r\n"] * 20), "more than 1048576 bytes", id="endless"
        ),
        pytest.param(said(COMPRESSED), "compressed", id="compressed"),
        pytest.param(said(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\n{}"), "HTTP 502", id="502"),
        pytest.param(
            said(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"), "HTTP 302", id="redirect"
        ),
        pytest.param(said(b"HTTP/1.1 204 No Content\r\n\r\n"), "HTTP 204", id="no content"),
        pytest.param(
            said(b"HTTP/1.0 200 OK\r\n\r\n", GOOD[:20], end=close), "no JSON object", id="cut without a length"
        ),
    ],
)
async def test_an_answer_of_another_form_is_unreadable(conversation: Conversation, detail: str) -> None:
    async with serve(conversation) as server:
        error = await failure(server)

        assert type(error) is errors.Unreadable
        assert str(error).endswith(f"({detail})")
        assert server.requests == 1


async def test_a_body_of_exactly_the_largest_size_is_read() -> None:
    async with serve(said(answer(GOOD.ljust(LARGEST_BODY)))) as server:
        await login(server)


async def test_nobody_listening_is_unreachable() -> None:
    async with serve(never) as server:
        pass

    assert type(await failure(server)) is errors.Unreachable


async def test_a_pool_that_is_full_is_unreachable_and_sends_nothing() -> None:
    async with serve(never) as server, new_http_client(connections=1) as client:
        client.timeout.pool = 0.1
        wechat = WeChat(client, server.address)
        first = asyncio.create_task(wechat.login.code2session(APP, CODE))
        await server.asked.wait()

        with pytest.raises(errors.Unreachable, match="PoolTimeout"):
            await wechat.login.code2session(APP, CODE)

        assert server.requests == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def twice(server: Loopback, between: Callable[[], Awaitable[None]]) -> errors.WeChatError | None:
    """The failure of the second of two calls over one client."""
    async with new_http_client() as client:
        wechat = WeChat(client, server.address)
        await wechat.login.code2session(APP, CODE)
        await between()
        try:
            await wechat.login.code2session(APP, CODE)
        except errors.WeChatError as error:
            return error
    return None


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again() -> None:
    async with serve(said(answer(GOOD), end=close)) as server:
        error = await twice(server, lambda: asyncio.sleep(0.2))

        assert error is None
        assert (server.connections, server.requests) == (2, 2)


async def test_a_kept_connection_that_dies_with_the_request_is_an_unknown_outcome() -> None:
    # Given a server that answers once and hangs up on the second request of the same connection
    async def conversation(turn: int, writer: asyncio.StreamWriter) -> None:
        if turn == 1:
            writer.write(answer(GOOD))
        else:
            writer.close()

    async with serve(conversation) as server:
        error = await twice(server, lambda: asyncio.sleep(0))

        # Then the request counts as sent, and is not sent again
        assert type(error) is errors.BrokenOff
        assert (server.connections, server.requests) == (1, 2)
