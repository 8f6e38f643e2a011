"""The remote control of notifications."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import Response

from tests.sandbox.pay.merchant_client import MerchantClient
from tests.sandbox.pay.notices_receiver import Receiver, receiving
from tests.sandbox.wire import Wire

pytestmark = pytest.mark.anyio

RESOURCE = {"mchid": "1900000000", "out_trade_no": "unknown-1", "amount": {"total": 1}, "note": "任何内容"}


@pytest.fixture
async def receiver(wire: Wire) -> AsyncIterator[Receiver]:
    async with receiving(wire.server.wechat.pay.merchant) as receiver:
        yield receiver


async def test_any_content_is_sent_sealed_and_signed(wire: Wire, receiver: Receiver) -> None:
    async def answer(_: int) -> Response:
        return Response('{"code":"FAIL","message":"未知订单"}', 500)

    receiver.answering = answer
    replied = await wire.control("notifications", {"resource": RESOURCE, "url": receiver.url})

    assert replied == {"status": 500, "body": '{"code":"FAIL","message":"未知订单"}'}
    (only,) = receiver.received
    assert only.genuine
    assert only.serial == receiver.merchant.public_key_id
    assert only.resource == RESOURCE
    assert only.envelope["event_type"] == "TRANSACTION.SUCCESS"
    assert only.envelope["resource"]["original_type"] == "transaction"
    assert only.envelope["resource"]["associated_data"] == "transaction"


async def test_it_is_listed_and_never_sent_again(wire: Wire, receiver: Receiver) -> None:
    receiver.answering = receiver.status(500)
    await wire.control("notifications", {"resource": RESOURCE, "url": receiver.url})
    await wire.advance(86400)
    assert await wire.control("notifications/wait") == {"idle": True}

    (listed,) = (await wire.state())["notifications"]
    assert (listed["id"], listed["done"]) == (receiver.received[0].envelope["id"], True)
    assert [attempt["status"] for attempt in listed["attempts"]] == [500]
    assert len(receiver.received) == 1


async def test_every_part_can_be_chosen(wire: Wire, receiver: Receiver) -> None:
    body = {
        "resource": {},
        "url": f"{receiver.address}/elsewhere",
        "eventType": "REFUND.ABNORMAL",
        "signWith": "certificate",
        "associatedData": "",
    }
    assert await wire.control("notifications", body) == {"status": 204, "body": ""}

    (only,) = receiver.received
    assert only.path == "/elsewhere"
    assert only.genuine
    assert only.serial in receiver.merchant.certificates
    assert only.resource == {}
    assert only.envelope["event_type"] == "REFUND.ABNORMAL"
    assert only.envelope["resource"]["original_type"] == "refund"
    assert only.envelope["resource"]["associated_data"] == ""


async def test_an_event_of_another_kind_is_sent_too(wire: Wire, receiver: Receiver) -> None:
    await wire.control("notifications", {"resource": {}, "url": receiver.url, "eventType": "COUPON.USE"})

    assert receiver.received[0].envelope["event_type"] == "COUPON.USE"
    assert receiver.received[0].envelope["summary"] == "通知"


async def test_where_nobody_answers_is_told(wire: Wire) -> None:
    replied = await wire.control("notifications", {"resource": RESOURCE, "url": "http://127.0.0.1:1/notify"})

    assert replied == {"status": None, "body": "", "error": "no connection"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "the body needs resource, an object"),
        ({"resource": []}, "the body needs resource, an object"),
        ({"resource": {"a": "\ud800"}, "url": "http://a"}, "the body: resource cannot be written as JSON in UTF-8"),
        ({"resource": {}}, "the body needs url, as resource.out_trade_no names no order of this sandbox"),
        ({"resource": {"out_trade_no": ["x"]}}, "the body needs url, as resource.out_trade_no names no order"),
        ({"resource": {}, "url": "file:///etc/passwd"}, "the body: url does not begin with http:// or https://"),
        ({"resource": {}, "url": "http://a", "signWith": "x"}, "signWith is none of: public-key, certificate"),
        ({"resource": {}, "url": "http://a", "eventType": 1}, "eventType is not a text"),
        ({"resource": {}, "url": "http://a", "associatedData": "x" * 65}, "associatedData is not a text"),
        ({"resource": {}, "url": "http://a", "other": 1}, "the body has an unknown field"),
    ],
    ids=["no resource", "a list", "surrogate", "no url", "no order", "file", "key", "event", "long", "unknown"],
)
async def test_what_cannot_be_sent_is_refused(wire: Wire, body: dict[str, Any], text: str) -> None:
    assert text in await wire.refused("notifications", body, 400)


@pytest.mark.parametrize("seconds", [-1, 601, "1", True])
async def test_a_wait_is_bounded(wire: Wire, seconds: Any) -> None:
    assert "seconds" in await wire.refused("notifications/wait", {"seconds": seconds}, 400)


async def test_an_early_notice_is_there_before_the_answer_to_the_prepay(
    wire: Wire, receiver: Receiver, merchant: MerchantClient, openid: str
) -> None:
    answered: list[int] = []

    async def answer(_: int) -> Response:
        answered.append(len(receiver.received))
        return Response(status_code=500)

    receiver.answering = answer
    await wire.control("faults", {"notifications": "early"}, "PUT")
    order = merchant.order(openid, notify_url=receiver.url)
    await merchant.prepay(order)

    # The merchant, who knows no such order yet, refused it; it comes again when the ladder says so.
    assert answered == [1]
    assert receiver.received[0].genuine
    assert receiver.received[0].resource["out_trade_no"] == order["out_trade_no"]
    receiver.answering = receiver.status(204)
    await wire.advance(15)
    assert await wire.control("notifications/wait") == {"idle": True}
    assert len(receiver.received) == 2


async def test_a_payment_a_refund_and_what_was_told_of_them(
    wire: Wire, receiver: Receiver, merchant: MerchantClient, openid: str
) -> None:
    paid = await merchant.paid(openid, notify_url=receiver.url)
    refund = merchant.refund_of(paid, notify_url=receiver.url)
    await merchant.refund(refund)
    await wire.advance(60)
    assert await wire.control("notifications/wait") == {"idle": True}

    assert [each.envelope["event_type"] for each in receiver.received] == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    # A notice tells what a query tells at that moment.
    assert receiver.received[0].resource == paid
    told, queried = receiver.received[1].resource, await merchant.refunded(refund["out_refund_no"])
    assert told["refund_status"] == queried["status"] == "SUCCESS"
    assert told["success_time"] == queried["success_time"]
    assert [each["eventType"] for each in (await wire.state())["notifications"]] == [
        "TRANSACTION.SUCCESS",
        "REFUND.SUCCESS",
    ]


async def test_nothing_to_wait_for(wire: Wire) -> None:
    assert await wire.control("notifications/wait") == {"idle": True}
    assert await wire.control("notifications/wait", {"seconds": 0}) == {"idle": True}
