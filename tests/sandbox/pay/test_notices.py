"""What a merchant's server receives: content, seal and signature."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from starlette.responses import Response

from sandbox.faults import NotificationMode
from sandbox.pay.notice_xml import API_V2_KEY
from tests.sandbox.pay.notices_world import OPENID, NoticeWorld, open_world
from tests.sandbox.wire import ONE, START

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world() -> AsyncIterator[NoticeWorld]:
    async with open_world() as world:
        yield world


async def test_a_payment_is_told_as_a_query_tells_it(world: NoticeWorld) -> None:
    world.pay()
    await world.idle()

    (only,) = world.received
    assert only.genuine
    assert only.resource == {
        "appid": ONE.appid,
        "mchid": world.receiver.merchant.mchid,
        "out_trade_no": "order-0001",
        "transaction_id": "4200-order-0001",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "table 7",
        "success_time": "2026-01-01T08:00:05+08:00",
        "payer": {"openid": OPENID},
        "amount": {"total": 880, "payer_total": 880, "currency": "CNY", "payer_currency": "CNY"},
        "promotion_detail": [],
    }


async def test_the_envelope_is_that_of_the_documents(world: NoticeWorld) -> None:
    world.pay()
    await world.idle()

    (only,) = world.received
    envelope = only.envelope
    sealed = envelope.pop("resource")
    assert envelope == {
        "id": world.notifications[0].id,
        "create_time": "2026-01-01T08:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
    }
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", envelope["id"])
    assert sealed.keys() == {"original_type", "algorithm", "ciphertext", "associated_data", "nonce"}
    assert (sealed["original_type"], sealed["associated_data"]) == ("transaction", "transaction")
    assert len(sealed["nonce"]) == 12


async def test_the_headers_are_those_of_wechat_pay(world: NoticeWorld) -> None:
    world.wechat.clock.advance(7 * 86400)
    world.pay()
    await world.idle()

    headers = world.received[0].headers
    # Signatures are of real time, whatever the sandbox's clock says.
    assert headers["wechatpay-timestamp"] == str(int(START))
    assert len(headers["wechatpay-nonce"]) == 32
    assert headers["wechatpay-serial"] == world.receiver.merchant.public_key_id
    assert headers["wechatpay-signature-type"] == "WECHATPAY2-SHA256-RSA2048"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "Mozilla/4.0"


@pytest.mark.parametrize(
    ("status", "summary", "time"),
    [
        ("SUCCESS", "退款成功", {"success_time": "2026-01-01T08:01:05+08:00"}),
        ("ABNORMAL", "退款异常", {}),
        ("CLOSED", "退款关闭", {}),
    ],
)
async def test_a_refund_is_told_with_refund_status(
    world: NoticeWorld, status: str, summary: str, time: dict[str, str]
) -> None:
    world.refund(world.order(), status, url=f"{world.receiver.address}/refunds")
    await world.idle()

    (only,) = world.received
    assert only.path == "/refunds"
    assert only.genuine
    assert (only.envelope["event_type"], only.envelope["summary"]) == (f"REFUND.{status}", summary)
    assert only.envelope["resource"]["original_type"] == "refund"
    assert only.envelope["resource"]["associated_data"] == "refund"
    assert only.resource == {
        "mchid": world.receiver.merchant.mchid,
        "transaction_id": "4200-order-0001",
        "out_trade_no": "order-0001",
        "refund_id": "5030-1",
        "out_refund_no": "refund-order-0001",
        "refund_status": status,
        "user_received_account": "支付用户零钱",
        "amount": {"total": 880, "refund": 300, "payer_total": 880, "payer_refund": 300},
        **time,
    }


async def test_each_attempt_is_sealed_and_signed_anew(world: NoticeWorld) -> None:
    world.receiver.answering = world.receiver.status(500, 204)
    world.pay()
    await world.idle()
    world.real_time.seconds += 15
    await world.idle()

    first, second = world.received
    assert first.genuine
    assert second.genuine
    assert first.envelope["id"] == second.envelope["id"]
    assert first.resource == second.resource
    for part in ("ciphertext", "nonce"):
        assert first.envelope["resource"][part] != second.envelope["resource"][part]
    for name in ("wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature"):
        assert first.headers[name] != second.headers[name]
    assert int(second.headers["wechatpay-timestamp"]) == int(START) + 15


async def test_a_refund_of_the_console_goes_where_its_order_says(world: NoticeWorld) -> None:
    world.refund(world.order(), console=True)
    await world.idle()

    (only,) = world.received
    assert only.path == "/notify"
    assert only.genuine
    assert only.envelope["event_type"] == "REFUND.SUCCESS"


async def test_a_refund_without_a_notify_url_is_told_in_the_xml_of_v2(world: NoticeWorld) -> None:
    world.refund(world.order())
    await world.idle()

    (only,) = world.received
    assert only.path == "/notify"
    assert only.headers["content-type"] == "text/xml"
    assert not [name for name in only.headers if name.startswith("wechatpay-")]
    outer = {each.tag: each.text for each in ET.fromstring(only.body)}  # noqa: S314  (our own)
    assert (outer["return_code"], outer["appid"]) == ("SUCCESS", ONE.appid)
    assert outer["mch_id"] == world.receiver.merchant.mchid
    inner = opened(outer["req_info"] or "")
    assert inner["out_refund_no"] == "refund-order-0001"
    assert (inner["total_fee"], inner["refund_fee"], inner["refund_status"]) == ("880", "300", "SUCCESS")
    assert inner["success_time"] == "2026-01-01 08:01:05"


async def test_only_the_body_acknowledges_in_v2(world: NoticeWorld) -> None:
    async def answer(number: int) -> Response:
        return Response(b"" if number == 1 else b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>")

    world.receiver.answering = answer
    world.refund(world.order())
    await world.idle()
    assert not world.notifications[0].done

    await world.advance(15)

    assert [attempt.status for attempt in world.notifications[0].attempts] == [200, 200]
    assert world.notifications[0].done


async def test_a_notification_that_is_dropped_is_only_remembered(world: NoticeWorld) -> None:
    world.mode(NotificationMode.DROP)
    world.refund(world.pay(), url=world.receiver.url)
    await world.advance(86400)

    assert world.received == []
    assert [(each.done, each.attempts) for each in world.notifications] == [(True, []), (True, [])]


def opened(req_info: str) -> dict[str, str]:
    key = hashlib.md5(API_V2_KEY.encode(), usedforsecurity=False).hexdigest().encode()
    decryptor = Cipher(AES(key), ECB()).decryptor()  # noqa: S305  (what API v2 documents)
    padded = decryptor.update(base64.b64decode(req_info, validate=True)) + decryptor.finalize()
    plain = padded[: -padded[-1]].decode()
    return {each.tag: each.text or "" for each in ET.fromstring(plain)}  # noqa: S314  (our own)
