"""The refund notice of API v2, which WeChat sends where a refund of v3 named no notify_url and its order did.

https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_16&index=10
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

if TYPE_CHECKING:
    from sandbox.offline_wechat import OfflineWeChat
    from sandbox.state import Notification

API_V2_KEY = "5a4db0c5-not-a-real-apiv2-key-01"
"""The merchant's key of API v2: 32 characters, another one than that of v3."""

_STATUSES = {"SUCCESS": "SUCCESS", "ABNORMAL": "CHANGE", "CLOSED": "REFUNDCLOSE"}


def xml_body(wechat: "OfflineWeChat", notification: "Notification") -> bytes:
    """The document. `req_info` is base64 of AES-256 in ECB, its key the 32 hex digits of the v2 key's MD5."""
    refund = notification.resource
    order = wechat.state.orders.get(refund["out_trade_no"])
    return _xml(
        "xml",
        {
            "return_code": "SUCCESS",
            "appid": order.appid if order is not None else "",
            "mch_id": refund["mchid"],
            "nonce_str": wechat.mint.nonce(),
            "req_info": base64.b64encode(_seal(_xml("root", _fields(refund)))).decode(),
        },
    )


def acknowledges(answer: bytes) -> bool:
    """Whether the answer's body says so: in API v2 the HTTP status alone does not count."""
    return b"<return_code>" in answer and b"SUCCESS" in answer


def _fields(refund: Mapping[str, Any]) -> dict[str, str]:
    amount = refund["amount"]
    fields = {
        "transaction_id": refund["transaction_id"],
        "out_trade_no": refund["out_trade_no"],
        "refund_id": refund["refund_id"],
        "out_refund_no": refund["out_refund_no"],
        "total_fee": str(amount["total"]),
        "settlement_total_fee": str(amount["payer_total"]),
        "refund_fee": str(amount["refund"]),
        "settlement_refund_fee": str(amount["payer_refund"]),
        "refund_status": _STATUSES[refund["refund_status"]],
        "refund_recv_accout": refund["user_received_account"],
        "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_request_source": "API",
    }
    if "success_time" in refund:
        fields["success_time"] = f"{datetime.fromisoformat(refund['success_time']):%Y-%m-%d %H:%M:%S}"
    return fields


def _xml(name: str, fields: Mapping[str, str]) -> bytes:
    inner = "\n".join(f"<{field}>{escape(value)}</{field}>" for field, value in fields.items())
    return f"<{name}>\n{inner}\n</{name}>".encode()


def _seal(plain: bytes) -> bytes:
    # MD5 and ECB are WeChat's choice, not ours.
    key = hashlib.md5(API_V2_KEY.encode(), usedforsecurity=False).hexdigest().encode()
    padder = PKCS7(AES.block_size).padder()
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305  (what API v2 documents)
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
