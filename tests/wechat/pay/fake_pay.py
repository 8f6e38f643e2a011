"""WeChat Pay as a script for httpx.MockTransport: checks how requests are signed, signs its answers, seals notices."""

import base64
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests import canaries
from wechat.http import new_http_client
from wechat.pay.client import Pay
from wechat.pay.merchant import Merchant

NOW = datetime(2026, 5, 4, 3, 2, 1, 500_000, tzinfo=UTC)
MCHID = "1900007291"
MERCHANT_SERIAL = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
KEY_ID = "PUB_KEY_ID_0119000072912026050400000000001234"
APIV3_KEY = "ApiV3KeyApiV3KeyApiV3KeyApiV3Key"
OLD_APIV3_KEY = "oldV3KeyoldV3KeyoldV3KeyoldV3Key"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
APPID = "wxd678efh567hg6787"
NUMBER = "ord|2026*0504-0001"
REFUND_NUMBER = "rfd|2026*0504@0001"
TRANSACTION_ID = "4200000263201902167700134212"
PREPAY_ID = "wx201410272009395522657a690389285100"
RID = "08F4F8C8A4061080ABCDEF-268435462"
ADDRESS, BACKUP = "https://pay.test", "https://backup.test"
PRIVATE = (APIV3_KEY, OLD_APIV3_KEY, OPENID, NUMBER, REFUND_NUMBER, TRANSACTION_ID, PREPAY_ID)
CONTENT = {
    "mchid": MCHID,
    "appid": APPID,
    "out_trade_no": NUMBER,
    "transaction_id": TRANSACTION_ID,
    "trade_type": "JSAPI",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "success_time": "2026-05-04T11:01:59+08:00",
    "payer": {"openid": OPENID},
    "amount": {"total": 1999, "payer_total": 999, "currency": "CNY", "payer_currency": "CNY"},
}
REFUND = {
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": REFUND_NUMBER,
    "transaction_id": TRANSACTION_ID,
    "out_trade_no": NUMBER,
    "create_time": "2026-05-04T11:01:58+08:00",
    "status": "PROCESSING",
    "amount": {"total": 1999, "refund": 500, "payer_total": 999, "payer_refund": 250, "currency": "CNY"},
}
canaries.add(APIV3_KEY, OLD_APIV3_KEY, OPENID, PREPAY_ID)

Handler = Callable[[httpx.Request], httpx.Response]
_AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="([^"]+)",nonce_str="([^"]+)",signature="([^"]+)",timestamp="(\d+)",'
    r'serial_no="([^"]+)"'
)


@cache
def private_key(name: str) -> RSAPrivateKey:
    """A key of its own for each name, made once by the process."""
    assert name
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def public_pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


@cache
def merchant() -> Merchant:
    return Merchant(MCHID, MERCHANT_SERIAL, private_pem(private_key("merchant")), (APIV3_KEY, OLD_APIV3_KEY))


def compact(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(
    body: bytes,
    *,
    key: str = "wechat",
    serial: str = KEY_ID,
    at: datetime = NOW,
    nonce: str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = private_key(key).sign(f"{timestamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Serial": serial,
    }


def signed(content: object = b"", status: int = 200, **options: Any) -> httpx.Response:
    body = content if isinstance(content, bytes) else compact(content)
    return httpx.Response(status, content=body, headers=signed_headers(body, **options) | {"Request-ID": RID})


def refusal(status: int, code: str) -> httpx.Response:
    """A refusal, unsigned as WeChat's are, that repeats everything private in its message."""
    body = {"code": code, "message": " ".join(PRIVATE), "detail": {"value": OPENID}}
    return httpx.Response(status, content=compact(body), headers={"Request-ID": RID})


def seal(
    plaintext: bytes, *, key: str = APIV3_KEY, associated_data: str = "transaction", **parts: Any
) -> dict[str, Any]:
    nonce = parts.get("nonce", "fdasflkja484")
    ciphertext = AESGCM(key.encode()).encrypt(nonce.encode(), plaintext, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(ciphertext).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
        **parts,
    }


def notice(content: object = CONTENT, *, event_type: str = "TRANSACTION.SUCCESS", **resource: Any) -> dict[str, Any]:
    plaintext = content if isinstance(content, bytes) else compact(content)
    sealing = {name: resource.pop(name) for name in ("key", "associated_data") if name in resource}
    sealed = seal(plaintext, **sealing)
    return {
        "id": "EV-2018022511223320873",
        "create_time": "2026-05-04T11:02:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "支付成功",
        "resource": {"original_type": event_type.partition(".")[0].lower()} | sealed | resource,
    }


@cache
def certificate(name: str, number: int, begins: datetime = NOW, ends: datetime | None = None) -> bytes:
    """A self-signed platform certificate as PEM; the key is that of the name."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tenpay.com sign")])
    builder = x509.CertificateBuilder(subject, subject, private_key(name).public_key(), number)
    builder = builder.not_valid_before(begins).not_valid_after(ends or begins + timedelta(days=5 * 365))
    return builder.sign(private_key(name), SHA256()).public_bytes(Encoding.PEM)


def certificate_entry(pem: bytes, serial: str, *, key: str = APIV3_KEY) -> dict[str, Any]:
    return {
        "serial_no": serial,
        "effective_time ": "2026-05-04T11:02:01+08:00",
        "expire_time": "2031-05-04T11:02:01+08:00",
        "encrypt_certificate": seal(pem, key=key, associated_data="certificate"),
    }


def assert_signed_by_merchant(method: str, target: str, authorization: str, body: bytes, now: datetime = NOW) -> str:
    """The nonce, where the header signs exactly this."""
    parts = _AUTHORIZATION.fullmatch(authorization)
    assert parts is not None
    mchid, nonce, signature, timestamp, serial = parts.groups()
    assert (mchid, timestamp, serial) == (MCHID, str(int(now.timestamp())), MERCHANT_SERIAL)
    message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    private_key("merchant").public_key().verify(base64.b64decode(signature), message, PKCS1v15(), SHA256())
    return nonce


@dataclass
class FakePay:
    """Answers in order, the last one stays; every request must be signed, and is remembered."""

    replies: list[httpx.Response | Exception | Handler]
    requests: list[httpx.Request] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        target = request.url.raw_path.decode()
        self.nonces.append(
            assert_signed_by_merchant(request.method, target, request.headers["authorization"], request.content)
        )
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)


class Ticks:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def open_pay(
    fake: Callable[..., Any] | None, *, with_public_key: bool = True, **options: Any
) -> AsyncIterator[Pay]:
    """A Pay over the fake, or over real connections where there is none; drained and closed at the end."""
    nonces = itertools.count()
    public = {"public_key_id": KEY_ID, "public_key_pem": public_pem(private_key("wechat"))} if with_public_key else {}
    given: dict[str, Any] = {
        "address": ADDRESS,
        "wire_clock": lambda: NOW,
        "random_text": lambda: f"nonce-{next(nonces)}",
        "uniform": lambda low, _: low,
        **public,
    }
    transport = None if fake is None else httpx.MockTransport(fake)
    async with new_http_client(transport=transport) as http:
        pay = Pay(http, merchant(), **(given | options))
        yield pay
        await pay.aclose()
