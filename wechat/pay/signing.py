"""Signatures of WeChat Pay: which bytes are signed, SHA-256 with RSA over them, and the signing of a request.

Follows "Generating signatures" and "Calling up payment" of WeChat Pay's documentation. Times are in whole seconds.
"""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from domain.clock import Clock
from wechat.pay.merchant import Merchant
from wechat.pay.results import PaymentParams

SCHEME = "WECHATPAY2-SHA256-RSA2048"
SIGN_TYPE = "RSA"
_LONGEST_SIGNATURE = 1024


def random_nonce() -> str:
    """32 random characters."""
    return secrets.token_hex(16)


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What is signed of a request; `target` is path and query as they go over the wire."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode("ascii") + body + b"\n"


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What WeChat signs of an answer or a notice; `body` is as it came."""
    return f"{timestamp}\n{nonce}\n".encode("ascii") + body + b"\n"


def payment_message(appid: str, timestamp: str, nonce: str, package: str) -> bytes:
    """What is signed for wx.requestPayment; `package` is `prepay_id=…`."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """The signature in base64; it takes up to a millisecond, during which an event loop would stand still."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode("ascii")


def is_signed(key: RSAPublicKey, signature: str, message: bytes) -> bool:
    """Whether `signature`, strict base64, is of this key and these bytes; whatever it is, nothing is raised."""
    try:
        raw = base64.b64decode(signature[: _LONGEST_SIGNATURE + 1].encode("ascii"), validate=True)
        key.verify(raw, message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


class Signer:
    """Signs as the merchant, in a thread of its own each time, so that the event loop goes on."""

    def __init__(self, merchant: Merchant, wire_clock: Clock, random_text: Callable[[], str] = random_nonce) -> None:
        self._merchant = merchant
        self._wire_clock = wire_clock
        self._random_text = random_text

    async def sign_request(self, request: httpx.Request) -> None:
        """Set `Authorization` over the bytes that will be sent; the request must not be altered afterwards."""
        timestamp, nonce = self._now(), self._random_text()
        target = request.url.raw_path.decode("ascii")
        signature = await self._sign(request_message(request.method, target, timestamp, nonce, request.content))
        parts = {
            "mchid": self._merchant.mchid,
            "nonce_str": nonce,
            "signature": signature,
            "timestamp": timestamp,
            "serial_no": self._merchant.serial,
        }
        request.headers["authorization"] = f"{SCHEME} " + ",".join(f'{name}="{it}"' for name, it in parts.items())

    async def sign_payment(self, appid: str, prepay_id: str) -> PaymentParams:
        """What wx.requestPayment of the mini program `appid` takes to pay this order, signed now."""
        timestamp, nonce, package = self._now(), self._random_text(), f"prepay_id={prepay_id}"
        signature = await self._sign(payment_message(appid, timestamp, nonce, package))
        return PaymentParams(timestamp, nonce, package, SIGN_TYPE, signature)

    async def _sign(self, message: bytes) -> str:
        return await asyncio.to_thread(sign, self._merchant.private_key, message)

    def _now(self) -> str:
        return str(int(self._wire_clock().timestamp()))
