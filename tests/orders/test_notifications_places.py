"""Rule 15: who sends bodies slowly, or many at once, keeps no notification out that has arrived."""

import asyncio
import itertools
import json
from collections.abc import Callable

import pytest

from sandbox.pay.notice_messages import Message
from server import pay_notify
from services.payments.receiving import Reply
from tests.orders.notices import Line, pay_unseen, post, seal, tables
from tests.orders.notification_bodies import PLAIN, Headers, half_sent, signed_lookalike
from tests.shop import Shop

pytestmark = pytest.mark.anyio

HEADERS: dict[str, Callable[[], Headers]] = {
    "no type": lambda: (),
    "none": lambda: PLAIN,
    "now": signed_lookalike,
    "stale": lambda: signed_lookalike(301),
    "one missing": lambda: signed_lookalike()[:-1],
}


@pytest.mark.parametrize("written", ["none", "stale", "one missing"])
async def test_rule_15_what_does_not_look_signed_now_is_refused_unread(shop: Shop, written: str) -> None:
    # given
    before = await tables(shop)
    line = Line(shop.url)
    # when
    answer = await line.send(half_sent(HEADERS[written]()))
    # then
    assert (answer.status, json.loads(answer.body)["code"]) == (401, "FAIL")
    assert answer.seconds < 2
    assert await tables(shop) == before
    await line.close()


@pytest.mark.parametrize("written", ["none", "no type", "now"])
async def test_rule_15_half_sent_bodies_keep_no_notice_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    # given
    monkeypatch.setattr(pay_notify, "_AT_ONCE", 2)
    await shop.notifications("drop")
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    notice = await pay_unseen(shop, order["number"])
    lines = [Line(shop.url) for _ in range(30)]
    sending = [asyncio.create_task(line.send(half_sent(HEADERS[written]()))) for line in lines]
    await asyncio.sleep(0.3)
    # when
    answer = await post(shop, seal(shop, notice))
    # then
    assert answer.status == 204
    assert (await shop.row(order["id"])).status == "PAID"
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    await asyncio.gather(*(line.close() for line in lines))


@pytest.mark.parametrize(("name", "written"), [("_READ_AT_ONCE", "now"), ("_UNSIGNED_READ_AT_ONCE", "no type")])
async def test_rule_15_so_many_bodies_are_read_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, written: str
) -> None:
    # given
    monkeypatch.setattr(pay_notify, name, 2)
    monkeypatch.setattr(pay_notify, "_SECONDS_FOR_BODY", 0.5)
    lines = [Line(shop.url) for _ in range(10)]
    # when
    answers = await asyncio.gather(*(line.send(half_sent(HEADERS[written]())) for line in lines))
    # then
    assert sorted(answer.status for answer in answers) == [408] * 2 + [503] * 8
    assert (await post(shop, Message(HEADERS[written](), b""))).status == 401
    await asyncio.gather(*(line.close() for line in lines))


async def test_rule_15_more_than_so_many_at_once_are_asked_for_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(pay_notify, "_AT_ONCE", 2)
    is_free = asyncio.Event()
    monkeypatch.setattr(shop.application.process.receiving, "receive", lambda *_: refused_when(is_free))
    messages = [Message(signed_lookalike(), b"{}")] * 10
    # when
    sending = [asyncio.create_task(post(shop, message)) for message in messages]
    first = [await each for each in itertools.islice(asyncio.as_completed(sending), 8)]
    is_free.set()
    answers = await asyncio.gather(*sending)
    # then
    assert {answer.status for answer in first} == {503}
    assert sorted(answer.status for answer in answers) == [401] * 2 + [503] * 8
    assert (await post(shop, messages[0])).status == 401


async def refused_when(is_free: asyncio.Event) -> Reply:
    await is_free.wait()
    return Reply(401, "refused")
