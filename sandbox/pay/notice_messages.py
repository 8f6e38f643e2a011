"""A notification as it goes over the wire: its content sealed and its body signed, anew at each attempt.

https://pay.weixin.qq.com/doc/v3/merchant/4012075420
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.pay.notice_xml import xml_body
from sandbox.pay.times import written

if TYPE_CHECKING:
    from sandbox.offline_wechat import OfflineWeChat
    from sandbox.state import Notification

PROBE = "WECHATPAY/SIGNTEST/"
"""How a signature begins that is wrong on purpose, to see whether the merchant's server checks it."""

_USER_AGENT = ("User-Agent", "Mozilla/4.0")
_SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted to a notify_url."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """How to sign and encrypt: with the key of `serial`, or of the newest certificate where that is None.

    `probe` makes the signature wrong on purpose; without `associated_data` it is the original_type.
    """

    serial: str | None = None
    probe: bool = False
    associated_data: str | None = None


def new_id(wechat: "OfflineWeChat") -> str:
    """The 36 characters that name a notification, the same at each attempt."""
    return str(uuid.UUID(bytes=wechat.mint.initialization_vector(), version=4))


def compose(wechat: "OfflineWeChat", notification: "Notification", seal: Seal) -> Message:
    """The message of one attempt: with a new timestamp in real time, a new nonce, newly encrypted.

    A notification of API v2 is XML, which carries no signature.
    """
    if notification.xml:
        return Message((("Content-Type", "text/xml"), _USER_AGENT), xml_body(wechat, notification))
    body = _to_bytes(
        {
            "id": notification.id,
            "create_time": written(notification.created_at),
            "resource_type": "encrypt-resource",
            "event_type": notification.event_type,
            "summary": _SUMMARIES.get(notification.event_type, "通知"),
            "resource": _sealed(wechat, notification, seal.associated_data),
        }
    )
    return Message(_signed_headers(wechat, body, seal), body)


def _sealed(wechat: "OfflineWeChat", notification: "Notification", associated_data: str | None) -> dict[str, str]:
    added = notification.original_type if associated_data is None else associated_data
    nonce = wechat.mint.short_nonce()
    cipher = AESGCM(wechat.pay.merchant.apiv3_key.encode())
    ciphertext = cipher.encrypt(nonce.encode(), _to_bytes(notification.resource), added.encode())
    return {
        "original_type": notification.original_type,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(ciphertext).decode(),
        "associated_data": added,
        "nonce": nonce,
    }


def _signed_headers(wechat: "OfflineWeChat", body: bytes, seal: Seal) -> tuple[tuple[str, str], ...]:
    timestamp, nonce = str(int(wechat.clock.real())), wechat.mint.nonce()
    signature, serial = wechat.pay.platform.sign(f"{timestamp}\n{nonce}\n".encode() + body + b"\n", seal.serial)
    if seal.probe:
        signature = PROBE + signature[len(PROBE) :]
    return (
        ("Content-Type", "application/json"),
        _USER_AGENT,
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", serial),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
    )


def _to_bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
