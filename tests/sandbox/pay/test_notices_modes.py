"""The ways in which notifications misbehave when a test wants it, and the keys that sign them."""

from collections.abc import AsyncIterator

import pytest

from sandbox.faults import NotificationMode
from sandbox.pay.notices import payment_notice
from sandbox.pay.switches import NotifyWith, Switches
from tests.sandbox.pay.notices_receiver import reached
from tests.sandbox.pay.notices_world import NoticeWorld, open_world
from tests.sandbox.wire import START

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world() -> AsyncIterator[NoticeWorld]:
    async with open_world() as world:
        yield world


async def test_a_duplicate_comes_twice_with_one_id(world: NoticeWorld) -> None:
    world.mode(NotificationMode.DUPLICATE)
    world.pay()
    await world.idle()
    await world.advance(86400)

    one, other = world.received
    assert one.genuine
    assert other.genuine
    assert one.envelope["id"] == other.envelope["id"]
    assert one.headers["wechatpay-nonce"] != other.headers["wechatpay-nonce"]
    assert [attempt.status for attempt in world.notifications[0].attempts] == [204, 204]


async def test_a_duplicate_is_retried_twice_again_and_no_sooner(world: NoticeWorld) -> None:
    world.mode(NotificationMode.DUPLICATE)
    world.receiver.answering = world.receiver.status(500, 500, 500, 500, 204)
    world.pay()
    await world.idle()
    for seconds in (15, 15):
        await world.advance(seconds - 1)
        before = len(world.received)
        await world.advance(1)
        assert len(world.received) == before + 2

    attempts = world.notifications[0].attempts
    assert [attempt.at for attempt in attempts] == [START] * 2 + [START + 15] * 2 + [START + 30] * 2
    assert [attempt.status for attempt in attempts] == [500] * 4 + [204] * 2
    assert world.notifications[0].done


async def test_one_acknowledged_copy_is_enough(world: NoticeWorld) -> None:
    world.mode(NotificationMode.DUPLICATE)
    world.receiver.answering = world.receiver.status(500, 204)
    world.pay()
    await world.idle()
    await world.advance(86400)

    assert len(world.received) == 2
    assert world.notifications[0].done


async def test_a_probe_has_a_wrong_signature_and_the_retry_a_right_one(world: NoticeWorld) -> None:
    world.mode(NotificationMode.SIGNTEST)
    world.receiver.answering = world.receiver.status(401, 204)
    world.pay()
    await world.idle()
    await world.advance(15)

    probe, retry = world.received
    assert probe.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert not probe.genuine
    assert not retry.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert retry.genuine
    assert probe.resource == retry.resource
    assert world.notifications[0].done


async def test_a_refund_overtakes_its_payment(world: NoticeWorld) -> None:
    world.mode(NotificationMode.REORDERED)
    order = world.pay()
    other = world.pay("order-0002")
    await world.advance(30)
    assert world.received == []

    world.refund(order, url=world.receiver.url)
    await world.idle()

    assert [each.envelope["event_type"] for each in world.received] == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]
    assert {each.resource["out_trade_no"] for each in world.received} == {order.out_trade_no}
    await world.advance(30)
    assert world.received[2].resource["out_trade_no"] == other.out_trade_no


async def test_a_refund_overtakes_even_where_both_are_due(world: NoticeWorld) -> None:
    world.mode(NotificationMode.REORDERED)
    order = world.pay()
    world.wechat.clock.advance(3600)
    world.refund(order, url=world.receiver.url)
    await world.idle()

    assert [each.envelope["event_type"] for each in world.received] == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]


async def test_a_payment_without_a_refund_is_held_back_for_a_minute(world: NoticeWorld) -> None:
    world.mode(NotificationMode.REORDERED)
    world.pay()
    await world.advance(59.5)
    assert world.received == []

    await world.advance(0.5)

    assert [each.envelope["event_type"] for each in world.received] == ["TRANSACTION.SUCCESS"]


async def test_a_refused_refund_notice_lets_its_payment_go(world: NoticeWorld) -> None:
    world.mode(NotificationMode.REORDERED)
    world.receiver.answering = world.receiver.status(500, 204)
    world.refund(world.pay(), url=world.receiver.url)
    await world.idle()

    assert [each.envelope["event_type"] for each in world.received] == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]
    await world.advance(15)
    assert [each.done for each in world.notifications] == [True, True]


async def test_a_notice_that_is_early_is_out_before_anyone_waits_longer(world: NoticeWorld) -> None:
    world.mode(NotificationMode.EARLY)
    order = world.order()
    payment_notice(world.wechat, order, world.wechat.state.transactions[order.transaction_ids[0]])

    assert await world.sender.wait_idle(5)

    assert len(world.received) == 1


@pytest.mark.parametrize("mode", [NotificationMode.NORMAL, NotificationMode.EARLY])
async def test_otherwise_all_come_once_and_signed(world: NoticeWorld, mode: NotificationMode) -> None:
    world.mode(mode)
    world.refund(world.pay(), url=world.receiver.url)
    await reached(lambda: len(world.received) == 2)
    await world.advance(86400)

    assert sorted(each.envelope["event_type"] for each in world.received) == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]
    assert all(each.genuine for each in world.received)


@pytest.mark.parametrize(
    ("notify_with", "public_key_only", "signed_with"),
    [
        (NotifyWith.PUBLIC_KEY, False, ["public key"] * 3),
        (NotifyWith.CERTIFICATE, False, ["certificate"] * 3),
        (NotifyWith.BOTH, False, ["public key", "certificate", "public key"]),
        (NotifyWith.CERTIFICATE, True, ["public key"] * 3),
    ],
)
async def test_the_switches_say_what_signs(
    world: NoticeWorld, notify_with: NotifyWith, public_key_only: bool, signed_with: list[str]
) -> None:
    world.wechat.pay.switches = Switches(notify_with=notify_with, public_key_only=public_key_only)
    world.receiver.answering = world.receiver.status(500)
    world.pay()
    await world.advance(0)
    await world.advance(15)
    await world.advance(15)

    merchant = world.receiver.merchant
    names = {merchant.public_key_id: "public key", **dict.fromkeys(merchant.certificates, "certificate")}
    assert [names[each.serial] for each in world.received] == signed_with
    assert all(each.genuine for each in world.received)


async def test_after_a_rotation_the_new_certificate_signs(world: NoticeWorld) -> None:
    world.wechat.pay.switches = Switches(notify_with=NotifyWith.CERTIFICATE)
    made = world.wechat.pay.rotate_certificates()
    world.pay()
    await world.idle()

    assert world.received[0].serial == made.serial
    assert made.serial not in world.receiver.merchant.certificates
