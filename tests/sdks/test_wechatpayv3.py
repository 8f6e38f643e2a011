"""The PyPI package wechatpayv3, with `requests` below it, as a merchant of the sandbox.

https://github.com/minibear2021/wechatpayv3
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType  # type: ignore[import-untyped]  # ships no types

from tests.sandbox.pay.notices_receiver import Receiver
from tests.sandbox.wire import ONE, Wire

pytestmark = pytest.mark.anyio

NUMBER = "tea-2026_01*"


class Sdk:
    """The SDK, which blocks, in a thread of its own."""

    def __init__(self, wire: Wire, notify_url: str, **keys: Any) -> None:
        merchant = wire.server.wechat.pay.merchant
        self.sdk = WeChatPay(
            wechatpay_type=WeChatPayType.MINIPROG,
            mchid=merchant.mchid,
            private_key=merchant.private_key_pem,
            cert_serial_no=merchant.serial,
            appid=ONE.appid,
            apiv3_key=merchant.apiv3_key,
            notify_url=notify_url,
            timeout=(5, 10),
            **keys,
        )
        # It has no setting for this.
        self.sdk._core._gate_way = wire.server.url

    async def call(self, name: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        status, text = await asyncio.to_thread(getattr(self.sdk, name), **arguments)
        return status, json.loads(text) if text else {}

    async def opened(self, headers: dict[str, str], body: bytes) -> dict[str, Any] | None:
        """A notification with its content, None where the SDK does not believe it."""
        content: dict[str, Any] | None = await asyncio.to_thread(self.sdk.callback, headers, body)
        return content

    def cashier(self, prepay_id: str) -> dict[str, str]:
        given = {"timeStamp": "1767225600", "nonceStr": "n" * 32, "package": f"prepay_id={prepay_id}"}
        return {**given, "signType": "RSA", "paySign": self.sdk.sign([ONE.appid, *given.values()])}


@pytest.fixture
def sdk(wire: Wire, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    """Configured with WeChat Pay's public key."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    merchant = wire.server.wechat.pay.merchant
    return Sdk(wire, receiver.url, public_key=merchant.public_key_pem, public_key_id=merchant.public_key_id)


@pytest.fixture
def certified(wire: Wire, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    """Configured with WeChat Pay's certificates."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for serial, certificate in wire.server.wechat.pay.merchant.certificates.items():
        (tmp_path / f"{serial}.pem").write_text(certificate, encoding="utf-8")
    return Sdk(wire, receiver.url, cert_dir=str(tmp_path))


async def prepay(wire: Wire, sdk: Sdk, number: str = NUMBER) -> tuple[str, str]:
    openid = (await wire.control("users"))["openid"]
    status, answer = await sdk.call(
        "pay",
        description="一杯茶",
        out_trade_no=number,
        amount={"total": 880, "currency": "CNY"},
        payer={"openid": openid},
        attach="桌号 7",
    )
    assert (status, list(answer)) == (200, ["prepay_id"])
    return openid, answer["prepay_id"]


async def pay(wire: Wire, sdk: Sdk, number: str = NUMBER) -> str:
    """The transaction_id; the notification has been delivered."""
    openid, prepay_id = await prepay(wire, sdk, number)
    paid = await wire.control("wx/requestPayment", {"openid": openid, **sdk.cashier(prepay_id)})
    assert paid == {"errMsg": "requestPayment:ok"}
    assert await wire.control("notifications/wait") == {"idle": True}
    status, order = await sdk.call("query", out_trade_no=number)
    assert (status, order["trade_state"], order["payer"]) == (200, "SUCCESS", {"openid": openid})
    return str(order["transaction_id"])


async def test_an_order_is_created_paid_and_queried(wire: Wire, sdk: Sdk) -> None:
    openid, _ = await prepay(wire, sdk)
    status, unpaid = await sdk.call("query", out_trade_no=NUMBER)
    assert (status, unpaid["trade_state"], unpaid["attach"]) == (200, "NOTPAY", "桌号 7")

    transaction_id = await pay(wire, sdk, "tea-0002")
    status, paid = await sdk.call("query", transaction_id=transaction_id)

    assert (status, paid["out_trade_no"], paid["amount"]["total"]) == (200, "tea-0002", 880)
    assert paid["payer"]["openid"] != openid


async def test_an_order_is_closed(wire: Wire, sdk: Sdk) -> None:
    await prepay(wire, sdk)

    assert await sdk.call("close", out_trade_no=NUMBER) == (204, {})
    assert await sdk.call("close", out_trade_no=NUMBER) == (204, {})
    status, closed = await sdk.call("query", out_trade_no=NUMBER)

    assert (status, closed["trade_state"]) == (200, "CLOSED")


async def test_what_is_refused_is_told_with_its_code(wire: Wire, sdk: Sdk) -> None:
    missing, missing_answer = await sdk.call("query", out_trade_no="unknown-1")
    await pay(wire, sdk)
    paid, paid_answer = await sdk.call("close", out_trade_no=NUMBER)

    assert (missing, missing_answer["code"]) == (404, "ORDER_NOT_EXIST")
    assert (paid, paid_answer["code"]) == (400, "ORDER_PAID")


async def test_a_number_that_is_encoded_after_signing_is_refused_as_at_wechat(wire: Wire, sdk: Sdk) -> None:
    await prepay(wire, sdk, "tea|0001")

    status, answer = await sdk.call("query", out_trade_no="tea|0001")

    # The SDK signs the bar, `requests` sends %7C.
    assert (status, answer["code"]) == (401, "SIGN_ERROR")


async def test_a_refund_and_both_notifications(wire: Wire, sdk: Sdk, receiver: Receiver) -> None:
    transaction_id = await pay(wire, sdk)
    status, refund = await sdk.call(
        "refund",
        out_refund_no="refund@1",
        amount={"refund": 300, "total": 880, "currency": "CNY"},
        transaction_id=transaction_id,
        reason="茶凉了",
    )
    assert (status, refund["status"]) == (200, "PROCESSING")
    await wire.advance(60)
    assert await wire.control("notifications/wait") == {"idle": True}
    status, refund = await sdk.call("query_refund", out_refund_no="refund@1")
    assert (status, refund["status"], refund["amount"]["refund"]) == (200, "SUCCESS", 300)

    first, second = [await sdk.opened(dict(each.headers), each.body) for each in receiver.received]

    assert first is not None
    assert second is not None
    assert (first["event_type"], first["resource"]["transaction_id"]) == ("TRANSACTION.SUCCESS", transaction_id)
    assert first["resource"]["attach"] == "桌号 7"
    assert (second["event_type"], second["resource"]["refund_status"]) == ("REFUND.SUCCESS", "SUCCESS")
    assert second["resource"]["out_refund_no"] == "refund@1"


async def test_it_does_not_believe_a_changed_notification(wire: Wire, sdk: Sdk, receiver: Receiver) -> None:
    await wire.control("faults", {"notifications": "signtest"}, "PUT")
    await pay(wire, sdk)
    await wire.advance(15)
    (probe,) = receiver.received

    assert await sdk.opened(dict(probe.headers), probe.body) is None


async def test_a_probe_is_followed_by_the_genuine_one(wire: Wire, sdk: Sdk, receiver: Receiver) -> None:
    receiver.answering = receiver.status(401, 204)
    await wire.control("faults", {"notifications": "signtest"}, "PUT")
    await pay(wire, sdk)
    await wire.advance(15)
    assert await wire.control("notifications/wait") == {"idle": True}
    probe, genuine = receiver.received

    assert await sdk.opened(dict(probe.headers), probe.body) is None
    assert await sdk.opened(dict(genuine.headers), genuine.body) is not None
    assert await sdk.opened(dict(genuine.headers), genuine.body.replace(b'"id":"', b'"id":"0')) is None


async def test_the_certificates_are_downloaded(wire: Wire, sdk: Sdk) -> None:
    await asyncio.to_thread(sdk.sdk._core._update_certificates)

    serials = [f"{certificate.serial_number:040X}" for certificate in sdk.sdk._core._certificates]
    assert serials == list(wire.server.wechat.pay.merchant.certificates)


async def test_a_certificate_that_is_new_is_fetched_to_verify_by_it(
    wire: Wire, certified: Sdk, receiver: Receiver
) -> None:
    await wire.control("switches", {"notifyWith": "certificate"}, "PUT")
    await pay(wire, certified)
    rotated = (await wire.control("certificates/rotate"))["serials"][-1]
    await pay(wire, certified, "tea-0002")
    old, new = receiver.received
    assert (old.serial in receiver.merchant.certificates, new.serial) == (True, rotated)

    for each in (old, new):
        opened = await certified.opened(dict(each.headers), each.body)
        assert opened is not None
        assert opened["resource"]["trade_state"] == "SUCCESS"
