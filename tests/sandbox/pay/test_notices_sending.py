"""When a notification is sent, sent again, and given up."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.responses import RedirectResponse, Response

from sandbox.pay.rows import Notification, NotificationAttempt
from sandbox.pay.sending import RETRIES, Sender
from tests.sandbox.pay.notices_receiver import reached
from tests.sandbox.pay.notices_world import NoticeWorld, open_world
from tests.sandbox.wire import START

pytestmark = pytest.mark.anyio

PATIENCE = 0.3


@pytest.fixture
async def world() -> AsyncIterator[NoticeWorld]:
    async with open_world() as world:
        yield world


@pytest.fixture
async def impatient() -> AsyncIterator[NoticeWorld]:
    """Gives up on an answer after PATIENCE."""
    async with open_world(PATIENCE) as world:
        yield world


@pytest.mark.parametrize("status", [200, 204])
async def test_200_and_204_acknowledge(world: NoticeWorld, status: int) -> None:
    world.receiver.answering = world.receiver.status(status)
    world.pay()
    await world.idle()
    await world.advance(2 * 86400)

    assert len(world.received) == 1
    assert world.notifications[0].done
    assert world.notifications[0].attempts == [NotificationAttempt(START, status)]


@pytest.mark.parametrize("status", [201, 202, 304, 400, 401, 404, 500, 503])
async def test_nothing_else_does(world: NoticeWorld, status: int) -> None:
    world.receiver.answering = world.receiver.status(status, 204)
    world.pay()
    await world.idle()
    assert not world.notifications[0].done

    await world.advance(15)

    assert world.notifications[0].done
    assert world.notifications[0].attempts == [NotificationAttempt(START, status), NotificationAttempt(START + 15, 204)]


async def test_a_redirection_is_not_followed(world: NoticeWorld) -> None:
    async def answer(_: int) -> Response:
        return RedirectResponse(f"{world.receiver.address}/elsewhere", 307)

    world.receiver.answering = answer
    world.pay()
    await world.idle()

    assert [each.path for each in world.received] == ["/notify"]
    assert [attempt.status for attempt in world.notifications[0].attempts] == [307]


async def test_the_ladder_is_that_of_the_documents(world: NoticeWorld) -> None:
    world.receiver.answering = world.receiver.status(500)
    world.pay()
    await world.idle()

    for count, seconds in enumerate(RETRIES, start=1):
        await world.advance(seconds - 0.5)
        assert len(world.received) == count
        await world.advance(0.5)
        assert len(world.received) == count + 1

    # 24 hours and 4 minutes, and no more after that.
    assert world.wechat.clock.now() == START + 86_640
    assert world.notifications[0].done
    await world.advance(7 * 86400)
    assert len(world.received) == 16
    assert {each.envelope["id"] for each in world.received} == {world.notifications[0].id}
    assert [attempt.status for attempt in world.notifications[0].attempts] == [500] * 16


async def test_a_long_pause_does_not_bunch_the_retries(world: NoticeWorld) -> None:
    world.receiver.answering = world.receiver.status(500)
    world.pay()
    await world.idle()
    await world.advance(7 * 86400)
    assert len(world.received) == 2

    await world.advance(14)
    assert len(world.received) == 2
    await world.advance(1)
    assert len(world.received) == 3


async def test_it_wakes_by_itself_when_real_time_passes(world: NoticeWorld) -> None:
    world.receiver.answering = world.receiver.status(500, 204)
    world.pay()
    await world.idle()
    world.real_time.seconds += 15

    await reached(lambda: len(world.received) == 2)


async def test_a_new_notification_goes_out_at_once(world: NoticeWorld) -> None:
    took = []
    for number in range(1, 4):
        await world.idle()
        before = time.monotonic()
        world.pay(f"order-{number:04d}")
        await reached(lambda: all(each.done for each in world.notifications))
        took.append(time.monotonic() - before)

    # Its own sleep is a second: it was woken.
    assert min(took) < 0.5


async def test_who_answers_too_late_is_told_again(impatient: NoticeWorld) -> None:
    world = impatient
    world.receiver.answering = held(world, 1)
    world.pay()
    before = time.monotonic()
    await world.idle()
    assert PATIENCE <= time.monotonic() - before < 3
    assert world.notifications[0].attempts == [NotificationAttempt(START, None, "timeout")]

    await world.advance(15)

    assert world.notifications[0].attempts[1:] == [NotificationAttempt(START + 15, 204)]
    assert len(world.received) == 2


async def test_the_deadline_holds_for_the_whole_answer(impatient: NoticeWorld) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async with raw_server(drip) as url:
        impatient.pay(url=url)
        await impatient.idle()

    assert impatient.notifications[0].attempts == [NotificationAttempt(START, None, "timeout")]


async def test_a_connection_that_is_cut_is_no_answer(world: NoticeWorld) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with raw_server(cut) as url:
        world.pay(url=url)
        await world.idle()

    assert world.notifications[0].attempts == [NotificationAttempt(START, None, "no answer")]
    assert not world.notifications[0].done


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/notify", "no connection"),
        ("ftp://127.0.0.1/notify", "unusable url"),
        ("http://[::1", "unusable url"),
        ("http://127.0.0.1:65536/notify", "unusable url"),
        ("http://xn--a/notify", "unusable url"),
        ("", "unusable url"),
    ],
)
async def test_where_nothing_can_be_reached_is_recorded(world: NoticeWorld, url: str, error: str) -> None:
    order = world.order(url="http://replaced")
    order.notify_url = url
    world.refund(order, console=True)
    await world.idle()

    assert world.notifications[0].attempts == [NotificationAttempt(START, None, error)]
    assert world.notifications[0].due_at == START + 15


async def test_twenty_are_sent_at_once_and_no_more(world: NoticeWorld) -> None:
    let_go = asyncio.Event()

    async def answer(_: int) -> Response:
        await let_go.wait()
        return Response(status_code=204)

    world.receiver.answering = answer
    for number in range(100):
        world.pay(f"order-{number:04d}")
    await reached(lambda: world.receiver.open == 20)
    await asyncio.sleep(0.1)
    assert len(world.received) == 20
    let_go.set()
    await world.idle()

    assert {each.resource["out_trade_no"] for each in world.received} == {f"order-{n:04d}" for n in range(100)}
    assert (len(world.received), world.receiver.most_open) == (100, 20)
    assert all(each.done for each in world.notifications)


async def test_a_server_that_hangs_does_not_hold_up_another(world: NoticeWorld) -> None:
    world.receiver.answering = held(world, 1)
    world.pay("order-0001")
    await reached(lambda: len(world.received) == 1)
    world.pay("order-0002")

    await reached(lambda: world.notifications[1].done)

    assert world.notifications[0].attempts == []
    assert not await world.sender.wait_idle(0.05)


async def test_it_is_idle_between_the_attempts(world: NoticeWorld) -> None:
    assert await world.sender.wait_idle(0)
    world.receiver.answering = world.receiver.status(500)
    world.pay()

    assert await world.sender.wait_idle(5)
    assert [attempt.status for attempt in world.notifications[0].attempts] == [500]


async def test_a_reset_forgets_what_is_under_way(world: NoticeWorld) -> None:
    world.receiver.answering = held(world, 1)
    world.pay()
    await reached(lambda: len(world.received) == 1)

    world.wechat.reset()
    await world.idle()

    assert world.notifications == []
    world.pay()
    await world.idle()
    assert [attempt.status for attempt in world.notifications[0].attempts] == [204]


async def test_what_cannot_be_made_is_given_up_at_once(world: NoticeWorld, caplog: pytest.LogCaptureFixture) -> None:
    world.wechat.state.notifications["1"] = Notification(
        "1", "REFUND.SUCCESS", "refund", world.receiver.url, resource={}, created_at=START, due_at=START, xml=True
    )
    await world.idle()

    assert world.received == []
    assert world.notifications[0].done
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ["a notification cannot be made: KeyError"]


@pytest.mark.parametrize("turns", range(6))
async def test_it_stops_however_lately_it_was_woken(world: NoticeWorld, turns: int) -> None:
    sender = Sender(world.wechat)
    running = asyncio.create_task(sender.run())
    assert await sender.wait_idle(5)
    sender.wake()
    for _ in range(turns):
        await asyncio.sleep(0)

    running.cancel()
    stopped, _ = await asyncio.wait([running], timeout=3)

    assert stopped == {running}
    assert running.cancelled()


async def test_each_attempt_is_kept(world: NoticeWorld) -> None:
    changes: list[int] = []
    world.pay()
    world.wechat.changed = lambda: changes.append(len(world.notifications[0].attempts))
    await world.idle()

    assert changes == [1]


def held(world: NoticeWorld, number: int) -> Callable[[int], Awaitable[Response]]:
    """The notification of this number is not answered; all others are acknowledged."""

    async def answer(arrived: int) -> Response:
        if arrived == number:
            await world.receiver.closing.wait()
        return Response(status_code=204)

    assert world.received == []
    return answer


@asynccontextmanager
async def raw_server(
    conversation: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    server = await asyncio.start_server(conversation, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notify"
    finally:
        server.close()
