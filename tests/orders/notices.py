"""Notifications put on the server's socket by hand: composed with the sandbox's keys, genuine, altered or forged."""

import asyncio
import copy
import importlib
import inspect
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from tortoise.models import Model

from models.database import MODULES
from models.incidents import Incident
from sandbox.pay.notice_messages import Message, Seal, compose, new_id
from sandbox.pay.rows import Notification
from server.app import Application
from tests.pace import slowness
from tests.shop import Shop, listen
from tests.world import World

PATH = "/wechat/pay/notify"
AT_ONCE = 50
BUSY = 2.0
"""From so many times the usual on, a server may say that it is busy."""

Change = Callable[[dict[str, Any]], None]
"""Alters the content of a notification before it is sealed and signed."""


@dataclass(frozen=True)
class Answer:
    """What the server answered, and how many seconds after the first byte was sent."""

    status: int
    body: bytes
    seconds: float


@dataclass
class Watch:
    """Seconds that passed, and those in which this process had a processor."""

    seconds: float = 0.0
    at_work: float = 0.0

    def __enter__(self) -> None:
        self.seconds -= time.perf_counter()
        self.at_work -= time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()
        self.at_work += time.process_time()

    @property
    def patience(self) -> float:
        """How many times longer everything takes: the machine does other things, or is a slow one."""
        return max(1.0, self.seconds / self.at_work) * slowness()


class Line:
    """A connection to the server, made anew where the server ended it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._where = parts.hostname, parts.port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, message: Message, method: str = "POST", path: str = PATH) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", "Host: appletql.test", f"Content-Length: {len(message.body)}"]
        lines += [f"{name}: {value}" for name, value in message.headers]
        return await self.send("\r\n".join([*lines, "", ""]).encode() + message.body)

    async def send(self, request: bytes) -> Answer:
        """The answer to exactly these bytes, within half a minute."""
        async with asyncio.timeout(30):
            reader, writer = self._open or await asyncio.open_connection(*self._where)
            self._open = reader, writer
            started = time.perf_counter()
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await reader.readexactly(int(fields.get("content-length", "0")))
            seconds = time.perf_counter() - started
        if fields.get("connection") == "close":
            await self.close()
        return Answer(int(head.split(" ")[1]), body, seconds)

    async def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


async def post_all(urls: str | Sequence[str], messages: Sequence[Message], at_once: int = AT_ONCE) -> list[Answer]:
    """The answers in the order of the messages, which are sent in turn to each of the servers."""
    servers = [urls] if isinstance(urls, str) else list(urls)
    answers: dict[int, Answer] = {}
    waiting = iter(enumerate(messages))

    async def work(line: Line) -> None:
        for index, message in waiting:
            answers[index] = await line.post(message)
        await line.close()

    await asyncio.gather(*(work(Line(servers[number % len(servers)])) for number in range(at_once)))
    return [answers[index] for index in range(len(messages))]


async def post_timed(url: str, messages: Sequence[Message], watch: Watch) -> list[Answer]:
    """As `post_all`; what was answered 503 on a machine with too much else to do is sent again, as WeChat would."""
    with watch:
        answers = await post_all(url, messages)
    busy = [index for index, answer in enumerate(answers) if answer.status == HTTPStatus.SERVICE_UNAVAILABLE]
    assert not busy or watch.patience > BUSY, f"{len(busy)} were answered 503"
    for index, answer in zip(busy, await post_all(url, [messages[index] for index in busy], 1), strict=True):
        answers[index] = replace(answer, seconds=answers[index].seconds)
    return answers


async def post(shop: Shop, message: Message, **given: str) -> Answer:
    line = Line(shop.url)
    try:
        return await line.post(message, **given)
    finally:
        await line.close()


def seal(shop: Shop, notification: Notification, **given: Any) -> Message:
    """Signed now, with WeChat Pay's public key where no serial is given."""
    wechat = shop.sandbox.wechat
    return compose(wechat, notification, Seal(**({"serial": wechat.pay.keys.public_key_id} | given)))


def told(shop: Shop, number: str, event_type: str = "TRANSACTION.SUCCESS") -> Notification:
    """The last thing of this kind that the sandbox had to say about an order."""
    known = shop.sandbox.wechat.state.notifications.values()
    return [each for each in known if (each.resource["out_trade_no"], each.event_type) == (number, event_type)][-1]


def altered(shop: Shop, notification: Notification, change: Change | None = None, **fields: Any) -> Notification:
    """Another notification, with an id of its own and changed content; `fields` replace what stands at the top."""
    content = copy.deepcopy(notification.resource) | fields
    if change is not None:
        change(content)
    return replace(notification, id=new_id(shop.sandbox.wechat), resource=content, attempts=[])


async def pay_unseen(shop: Shop, number: str, **given: Any) -> Notification:
    """A payment of which the server hears nothing before the test sends it: notifications must be dropped."""
    assert shop.sandbox.wechat.faults.notifications == "drop"
    await shop.order("payments", {"outTradeNo": number, **given})
    return told(shop, number)


async def tables(shop: World) -> dict[str, list[str]]:
    """Every row of every table."""

    async def read() -> dict[str, list[str]]:
        found = {}
        for module in map(importlib.import_module, MODULES):
            for name, model in inspect.getmembers(module, inspect.isclass):
                if issubclass(model, Model) and model.__module__ == module.__name__:
                    found[name] = sorted(repr(sorted(row.items())) for row in await model.all().values())
        return found

    return await shop.read(read)


async def incidents_about(shop: Shop, subject: str) -> list[tuple[str, str]]:
    """Kind and reference of each."""

    async def found() -> list[tuple[str, str]]:
        return sorted([(each.kind, each.reference) for each in await Incident.filter(subject=subject)])

    return await shop.read(found)


@asynccontextmanager
async def second_server(shop: Shop) -> AsyncIterator[str]:
    """The address of another server with the same settings, on the same database."""
    application = Application(shop.application._settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        async with application.router.lifespan_context(application), listen(application, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
