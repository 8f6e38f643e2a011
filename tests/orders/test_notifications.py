"""Rule 15: what arrives at the address of notifications, and what is answered before anything is settled."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from models.incidents import Incident
from sandbox.pay.notice_messages import Message
from server import pay_notify
from tests import canaries
from tests.orders.notices import Line, altered, pay_unseen, post, post_all, seal, tables, told
from tests.orders.notification_bodies import PLAIN, signed_lookalike
from tests.shop import Shop, open_shop
from wechat.pay.key_ring import KeyRing

pytestmark = pytest.mark.anyio

XML = b"<xml><return_code>SUCCESS</return_code><req_info>c2VhbGVk</req_info></xml>"


def key_ring(shop: Shop) -> KeyRing:
    wire = shop.application.process.receiving._access.wire
    assert wire is not None
    return wire._pay.key_ring


async def fetched(shop: Shop) -> int:
    """How often certificates were fetched, once a fetch that is under way is over."""
    if (under_way := key_ring(shop)._refresh) is not None:
        await asyncio.wait([under_way])
    return await shop.calls("/v3/certificates")


async def test_rule_15_both_kinds_of_keys_are_believed(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        buyer, tea = await shop.buyer(), await shop.product()
        await shop.switch(notifyWith="certificate")
        made = await shop.ordered(buyer, tea)
        # when
        assert await shop.phone(buyer, made["paymentParams"]) == "requestPayment:ok"
        await shop.delivered()
        # then
        assert (await shop.row(made["order"]["id"])).status == "PENDING"
        assert await fetched(shop) == 1
        # when
        await shop.advance(15)
        await shop.delivered()
        # then
        assert [attempt.status for attempt in told(shop, made["order"]["number"]).attempts] == [401, 204]
        assert (await shop.row(made["order"]["id"])).status == "PAID"
        # when
        await shop.switch(notifyWith="both")
        again = [await shop.paid(buyer, tea) for _ in range(2)]
        # then
        assert [order["status"] for order in again] == ["PAID", "PAID"]
        assert await fetched(shop) == 1


async def test_rule_15_a_rotation_is_followed_once_a_minute(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        await shop.notifications("drop")
        buyer, tea = await shop.buyer(), await shop.product()
        numbers = [(await shop.ordered(buyer, tea))["order"]["number"] for _ in range(2)]
        first, second = [await pay_unseen(shop, number) for number in numbers]
        [old] = (await shop.order("merchant", method="GET"))["certificates"]
        assert (await post(shop, seal(shop, first, serial=old["serial"]))).status == 401
        assert await fetched(shop) == 1
        # when
        new = (await shop.order("certificates/rotate"))["serials"][-1]
        answers = await post_all(shop.url, [seal(shop, first, serial=new)] * 20, 20)
        # then
        assert {answer.status for answer in answers} == {401}
        assert await fetched(shop) == 1
        # when
        key_ring(shop)._look_again_at = 0.0  # a minute later
        answers = await post_all(shop.url, [seal(shop, first, serial=new)] * 20, 20)
        # then
        assert {answer.status for answer in answers} <= {401, 204}
        assert (answers[0].status, await fetched(shop)) == (401, 2)
        # when
        answers = [
            await post(shop, seal(shop, each, serial=by)) for each, by in ((first, new), (second, old["serial"]))
        ]
        # then
        assert new.startswith("0")
        assert [answer.status for answer in answers] == [204, 204]
        assert [(await shop.at_wechat(number))["tradeState"] for number in numbers] == ["SUCCESS", "SUCCESS"]
        assert await fetched(shop) == 2


async def test_rule_15_certificates_alone_are_enough(database_url: str) -> None:
    async with open_shop(database_url, pay_public_key_id=None, pay_public_key_file=None) as shop:
        # given
        await shop.switch(notifyWith="certificate")
        # when
        order = await shop.paid(await shop.buyer(), await shop.product())
        # then
        assert (order["status"], await fetched(shop)) == ("PAID", 1)
        # when
        answer = await post(shop, seal(shop, told(shop, order["number"])))
        # then
        assert (answer.status, await fetched(shop)) == (401, 1)


async def test_rule_15_each_of_several_apiv3_keys_is_tried(database_url: str) -> None:
    keys = "a-key-of-before-the-reset-000001,5a4db0c5-not-a-real-apiv3-key-01"
    async with open_shop(database_url, apiv3_key=keys) as shop:
        assert (await shop.paid(await shop.buyer(), await shop.product()))["status"] == "PAID"


async def test_rule_15_a_notice_that_no_key_opens_is_not_acknowledged(database_url: str) -> None:
    async with open_shop(database_url, apiv3_key="a-key-of-before-the-reset-000001") as shop:
        # given
        await shop.notifications("drop")
        order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
        notice = await pay_unseen(shop, order["number"])
        before = await tables(shop)
        # when
        answer = await post(shop, seal(shop, notice))
        # then
        assert (answer.status, await tables(shop)) == (400, before)


@pytest.mark.parametrize("associated_data", ["", "transaction"])
async def test_rule_15_real_notices_have_associated_data_or_none(shop: Shop, associated_data: str) -> None:
    # given
    await shop.notifications("drop")
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    notice = await pay_unseen(shop, order["number"])
    # when
    answer = await post(shop, seal(shop, notice, associated_data=associated_data))
    # then
    assert (answer.status, answer.body, (await shop.row(order["id"])).status) == (204, b"", "PAID")


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic bm9ib2R5", ""])
async def test_rule_15_the_address_answers_whatever_token_comes_along(shop: Shop, authorization: str) -> None:
    # given
    await shop.notifications("drop")
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    message = seal(shop, await pay_unseen(shop, order["number"]))
    # when
    answer = await post(shop, replace(message, headers=(*message.headers, ("Authorization", authorization))))
    # then
    assert (answer.status, (await shop.row(order["id"])).status) == (204, "PAID")


async def test_rules_15_24_xml_is_never_acknowledged_and_told_once(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    documents = [XML, b"\xef\xbb\xbf\r\n " + XML, b"<?xml version='1.0'?>" + XML, b"<", b"<!DOCTYPE x>" + XML]
    messages = [Message((("Content-Type", "text/xml"),), body) for body in documents]
    # when
    answers = await post_all(shop.url, messages * 4, 20)
    # then
    assert {answer.status for answer in answers} == {400}

    async def xml() -> list[Incident]:
        return await Incident.filter(kind="notice_is_xml")

    [incident] = await shop.read(xml)
    events = [record for record in caplog.records if record.name == "services.incidents"]
    assert [(event.levelname, vars(event)["incident"]) for event in events] == [("ERROR", incident.id)]
    assert 'appletql_incidents_open{kind="notice_is_xml"} 1.0' in (await shop.api.get("/metrics")).text


HOSTILE: dict[str, tuple[Message, int]] = {
    "nothing": (Message((), b""), 401),
    "no signature": (Message(PLAIN, b"{}"), 401),
    "no JSON": (Message(PLAIN, b"\xff\xfe\x00"), 401),
    "64 KiB": (Message((), b"x" * 65536), 401),
    "a byte more": (Message((), b"x" * 65537), 413),
    "a megabyte": (Message((), b"x" * 2**20), 413),
    "no number for a time": (Message((*PLAIN, ("Wechatpay-Timestamp", "now")), b"{}"), 401),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_rule_15_a_body_that_is_none_is_refused(shop: Shop, what: str) -> None:
    # given
    message, status = HOSTILE[what]
    before = await tables(shop)
    # when
    answer = await post(shop, message)
    # then
    assert answer.status == status
    assert await tables(shop) == before


async def test_rule_15_a_forged_body_is_bounded_in_length(shop: Shop) -> None:
    answers = [await post(shop, Message(signed_lookalike(), b"x" * size)) for size in (65536, 65537)]
    assert [answer.status for answer in answers] == [401, 413]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_rule_15_only_post_is_answered(shop: Shop, method: str) -> None:
    assert (await post(shop, Message((), b""), method=method)).status == 405


async def test_rule_15_a_body_without_an_end_is_bounded_in_length(shop: Shop) -> None:
    # given
    head = b"POST /wechat/pay/notify HTTP/1.1\r\nHost: appletql.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    line = Line(shop.url)
    # when
    answer = await line.send(head + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 3)
    await line.close()
    # then
    assert answer.status == 413


async def test_rule_15_a_body_that_does_not_arrive_is_bounded_in_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(pay_notify, "_SECONDS_FOR_BODY", 0.3)
    head = b"POST /wechat/pay/notify HTTP/1.1\r\nHost: appletql.test\r\nContent-Length: 100\r\n\r\n"
    lines = [Line(shop.url) for _ in range(20)]
    # when
    answers = await asyncio.gather(*(line.send(head + b"half") for line in lines))
    # then
    assert {answer.status for answer in answers} == {408}
    assert max(answer.seconds for answer in answers) < 5
    await asyncio.gather(*(line.close() for line in lines))


async def test_rule_15_nothing_of_a_notice_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    # given
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    notice = await pay_unseen(shop, order["number"])
    foreign: dict[str, Any] = {"mchid": "1900000109"}
    messages = [seal(shop, notice, probe=True), seal(shop, altered(shop, notice, **foreign)), seal(shop, notice)]
    caplog.clear()
    # when
    answers = await post_all(shop.url, messages, 1)
    # then
    assert [answer.status for answer in answers] == [401, 400, 204]
    secrets = [dict(message.headers)["Wechatpay-Signature"] for message in messages]
    secrets += [buyer.openid, order["number"], shop.sandbox.wechat.pay.merchant.apiv3_key]
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert [secret for secret in secrets if secret in logged] == []
    canaries.add(*secrets[:3])
