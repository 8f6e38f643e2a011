"""The webhook: told of each incident once, again until it takes it, its address in no log."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ids import Prefix, new_id
from domain.incidents import MEANINGS, IncidentKind
from models.database import open_database
from models.incidents import Incident
from models.unit_of_work import UnitsOfWork
from server.alerts import Webhook
from services.worker.incident_duty import Alert, IncidentDuty
from services.worker.loop import Duty, Worker
from tests import canaries
from tests.operations.steps import pay_by_itself
from tests.shop import open_shop
from wechat.http import new_http_client

pytestmark = pytest.mark.anyio

TOKEN = "robot-key-5d41402abc4b2a76"
START = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
canaries.add(TOKEN)


@dataclass
class Receiver:
    """A chat's robot on the loopback interface; `answers` are given in turn, then the last again."""

    answers: list[bytes]
    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        body = await reader.readexactly(int(fields["content-length"]))
        assert head.startswith(f"POST /robot?key={TOKEN} ")
        self.types.append(fields["content-type"])
        self.heard.append(json.loads(body))
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        await end(writer)


async def end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def receiver(*answers: bytes) -> AsyncIterator[Receiver]:
    found = Receiver(list(answers))
    server = await asyncio.start_server(found._serve, "127.0.0.1", 0)
    async with server:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/robot?key={TOKEN}"
        yield found


def http(status: int, body: str = "", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


TAKEN = http(200, '{"errcode": 0, "errmsg": "ok"}')
REFUSALS = {
    "an error": http(500),
    "a refusal": http(404),
    "a redirect": http(302, Location="http://127.0.0.1:1/"),
    "the robot's own refusal": http(200, '{"errcode": 45009, "errmsg": "api freq out of limit"}'),
    "a cut": b"",
    "no HTTP": b"garbage\r\n\r\n",
}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def write(kind: str = IncidentKind.PAYMENT_DIFFERS) -> Incident:
    return await Incident.create(
        id=new_id(Prefix.INCIDENT, START),
        kind=kind,
        subject="ord_01k9z",
        reference=f"42000{kind}",
        created_at=START,
        due_at=START,
    )


@asynccontextmanager
async def duty(url: str, address: str | None, clock: Clock) -> AsyncIterator[tuple[UnitsOfWork, Worker]]:
    async with open_database(url) as units, new_http_client() as client:
        webhook = None if address is None else Webhook(client, address, deadline=0.5)
        yield units, Worker(units, [Duty(Incident, IncidentDuty(units, webhook, clock).do)], clock)


async def test_each_incident_is_told_once_with_ids_and_words(database_url: str) -> None:
    clock = Clock()
    async with receiver(TAKEN) as robot, duty(database_url, robot.url, clock) as (units, worker):
        # given
        told = await units.run(write)
        # when
        assert await worker.sweep() == 1
        clock.now += timedelta(days=2)
        assert await worker.sweep() == 0
        row = await units.read(lambda: Incident.get(id=told.id))
    # then
    meaning = MEANINGS[IncidentKind.PAYMENT_DIFFERS].what
    assert robot.heard == [
        {
            "id": told.id,
            "kind": "payment_differs",
            "meaning": meaning,
            "subject": "ord_01k9z",
            "reference": "42000payment_differs",
            "createdAt": "2026-11-20T10:05:00Z",
            "msgtype": "text",
            "text": {
                "content": f"AppletQL incident payment_differs\n{meaning}\nord_01k9z 42000payment_differs\n"
                f"appletql incidents show {told.id}"
            },
        }
    ]
    assert robot.types == ["application/json; charset=utf-8"]
    assert (row.alerted_at, row.due_at, row.resolved_at) == (START, None, None)


def test_every_field_has_one_type_and_fits_what_robots_take() -> None:
    alert = Alert("inc_1", "k", "m", "s", "", "2026-11-20T10:05:00Z")
    body = alert.to_json()
    assert {name: type(value) for name, value in body.items()} == {
        **dict.fromkeys(("id", "kind", "meaning", "subject", "reference", "createdAt", "msgtype"), str),
        "text": dict,
    }
    assert [type(value) for value in body["text"].values()] == [str]
    for meaning in MEANINGS.values():
        longest = Alert("i" * 30, "k" * 40, meaning.what, "s" * 64, "r" * 64, "2026-11-20T10:05:00Z")
        assert len(longest.to_json()["text"]["content"].encode()) <= 2048  # WeCom's limit of a text


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_it_is_told_again_until_it_is_taken(
    database_url: str, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    caplog.set_level(logging.DEBUG)
    answers = (REFUSALS[refusal], REFUSALS[refusal], TAKEN)
    async with receiver(*answers) as robot, duty(database_url, robot.url, clock) as (units, worker):
        # given
        told = await units.run(write)
        # when
        seen = []
        for minutes in (0, 0.9, 0.2, 0.9, 0.2, 600):
            clock.now += timedelta(minutes=minutes)
            await worker.sweep()
            seen.append(len(robot.heard))
        row = await units.read(lambda: Incident.get(id=told.id))
    # then
    assert seen == [1, 1, 2, 2, 3, 3]
    assert row.alerted_at is not None
    assert [it.message for it in caplog.records if it.name == "server.alerts"] == [
        "the alert webhook did not take an incident"
    ] * 2
    assert TOKEN not in "".join(str(it.__dict__) for it in caplog.records)


async def test_the_pauses_grow_to_an_hour(database_url: str) -> None:
    clock = Clock()
    async with receiver(http(500)) as robot, duty(database_url, robot.url, clock) as (units, worker):
        told = await units.run(write)
        pauses = []
        for minutes in (0, 1, 60, 600):
            clock.now = START + timedelta(minutes=minutes)
            await worker.sweep()
            row = await units.read(lambda: Incident.get(id=told.id))
            assert row.due_at is not None
            pauses.append((row.due_at - clock.now) / timedelta(minutes=1))
    assert pauses == [1, 1, 15, 60]
    assert row.alerted_at is None


async def test_a_receiver_that_drips_or_is_away_holds_nothing_up(database_url: str) -> None:
    clock, dripping = Clock(), []

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dripping.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            for byte in TAKEN * 10:
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(0.1)
        await end(writer)

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for address in (f"http://127.0.0.1:{port}/", "http://127.0.0.1:1/", "http://a:b:c/", "ftp://127.0.0.1/"):
            async with duty(database_url, address, clock) as (units, worker):
                _ = await units.run(write, f"kind{len(address)}")
                async with asyncio.timeout(10):
                    await worker.sweep()
                left = await units.read(lambda: Incident.filter(alerted_at=None, due_at__gt=clock.now).count())
            clock.now += timedelta(seconds=1)
            assert left >= 1
        await asyncio.gather(*filter(None, dripping))


async def test_without_the_setting_nothing_is_sent_and_nothing_stays_due(database_url: str) -> None:
    clock = Clock()
    async with duty(database_url, None, clock) as (units, worker):
        told = await units.run(write)
        assert (await worker.sweep(), await worker.sweep()) == (1, 0)
        row = await units.read(lambda: Incident.get(id=told.id))
    assert (row.alerted_at, row.due_at, row.resolved_at) == (None, None, None)


async def test_what_was_resolved_meanwhile_is_told_to_nobody(database_url: str) -> None:
    clock = Clock()
    async with receiver(TAKEN) as robot, duty(database_url, robot.url, clock) as (units, worker):
        told = await units.run(write)

        async def resolve() -> int:
            return await Incident.filter(id=told.id).update(resolved_at=START)

        await units.run(resolve)
        assert (await worker.sweep(), await worker.sweep()) == (1, 0)
    assert robot.heard == []


async def test_two_workers_tell_of_each_once(database_url: str) -> None:
    clock = Clock()
    async with (
        receiver(TAKEN) as robot,
        duty(database_url, robot.url, clock) as (units, one),
        duty(database_url, robot.url, clock) as (_, other),
    ):
        for number in range(10):
            _ = await units.run(write, f"kind{number}")
        await asyncio.gather(one.sweep(), other.sweep())
    assert sorted(it["kind"] for it in robot.heard) == [f"kind{number}" for number in range(10)]


async def test_a_whole_server_tells_of_a_payment_that_differs(database_url: str) -> None:
    async with receiver(TAKEN) as robot, open_shop(database_url, alert_webhook_url=robot.url) as shop:
        buyer = await shop.buyer()
        order = (await shop.ordered(buyer, await shop.product(1250)))["order"]
        await pay_by_itself(shop, order["number"], amount=1249)

        await shop.application.process.workshift.sweep()

        assert [(it["kind"], it["subject"]) for it in robot.heard] == [("payment_differs", order["id"])]
        assert buyer.openid not in json.dumps(robot.heard)
