"""A merchant of these tests: signs requests, verifies and opens answers; knows nothing of the product's client."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from sandbox.pay.keys import Merchant
from tests.sandbox.wire import ONE, Wire

JSAPI = "/v3/pay/transactions/jsapi"
OUT_TRADE_NO = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
CLOSE = f"{OUT_TRADE_NO}/close"
TRANSACTION_ID = "/v3/pay/transactions/id/{transaction_id}"
REFUNDS = "/v3/refund/domestic/refunds"
REFUND = f"{REFUNDS}/{{out_refund_no}}"
CERTIFICATES = "/v3/certificates"
NOTIFY_URL = "http://127.0.0.1:9/notify"


@dataclass
class Request:
    """What goes on the wire; a test may change any of it after or before it was signed."""

    method: str
    target: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class MerchantClient:
    def __init__(self, wire: Wire, merchant: Merchant) -> None:
        self.wire = wire
        self.merchant = merchant

    @property
    def now(self) -> int:
        return int(self.wire.server.wechat.clock.real())

    def request(self, method: str, target: str, body: Any = None, *, serial: str | None = "public") -> Request:
        """An unsigned request; `serial` is None for none, `public` for the public key's id."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Accept": "application/json", "User-Agent": "tests"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if serial is not None:
            headers["Wechatpay-Serial"] = self.merchant.public_key_id if serial == "public" else serial
        return Request(method, target, raw, headers)

    def authorization(self, request: Request, **changed: str) -> dict[str, str]:
        """The five values; `changed` ones are signed, too, but for `signature` and `serial_no`."""
        given = {"mchid": self.merchant.mchid, "nonce_str": secrets.token_hex(16), "timestamp": str(self.now)}
        given |= {"serial_no": self.merchant.serial, **changed}
        lines = (request.method, request.target, given["timestamp"], given["nonce_str"])
        message = "".join(f"{line}\n" for line in lines).encode() + request.body + b"\n"
        return {"signature": self.sign(message), **given}

    def sign(self, message: bytes) -> str:
        return base64.b64encode(private_key(self.merchant.private_key_pem).sign(message, PKCS1v15(), SHA256())).decode()

    def signed(self, request: Request, **changed: str) -> Request:
        values = ",".join(f'{name}="{value}"' for name, value in self.authorization(request, **changed).items())
        request.headers["Authorization"] = f"WECHATPAY2-SHA256-RSA2048 {values}"
        return request

    async def send(self, request: Request) -> httpx.Response:
        target = {"target": request.target.encode()}
        url, headers = self.wire.http.base_url, request.headers
        bare = httpx.Request(request.method, url, headers=headers, content=request.body, extensions=target)
        return await self.wire.http.send(bare)

    async def call(self, method: str, target: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.send(self.signed(self.request(method, target, body, **options)))

    def order(self, openid: str, **changed: Any) -> dict[str, Any]:
        return {
            "appid": ONE.appid,
            "mchid": self.merchant.mchid,
            "description": "一件商品",
            "out_trade_no": f"N{secrets.token_hex(10)}",
            "notify_url": NOTIFY_URL,
            "amount": {"total": 100, "currency": "CNY"},
            "payer": {"openid": openid},
            **changed,
        }

    async def prepay(self, order: dict[str, Any]) -> str:
        """The prepay_id; the answer's signature was verified."""
        answer = await self.call("POST", JSAPI, order)
        assert answer.status_code == 200, answer.text
        assert list(self.verified(answer)) == ["prepay_id"]
        return str(answer.json()["prepay_id"])

    def cashier(self, prepay_id: str, appid: str = ONE.appid) -> dict[str, str]:
        """The parameters of wx.requestPayment."""
        given = {"timeStamp": str(self.now), "nonceStr": secrets.token_hex(16), "package": f"prepay_id={prepay_id}"}
        message = "".join(f"{line}\n" for line in (appid, *given.values())).encode()
        return {**given, "signType": "RSA", "paySign": self.sign(message)}

    async def pay(self, openid: str, prepay_id: str, **changed: Any) -> str:
        """errMsg without its `requestPayment:`."""
        body = {"openid": openid, **self.cashier(prepay_id), **changed}
        answer = await self.wire.control("wx/requestPayment", body)
        assert list(answer) == ["errMsg"]
        return str(answer["errMsg"]).removeprefix("requestPayment:")

    async def paid(self, openid: str, **changed: Any) -> dict[str, Any]:
        """A paid order as a query tells it."""
        order = self.order(openid, **changed)
        assert await self.pay(openid, await self.prepay(order)) == "ok"
        return await self.queried(order["out_trade_no"])

    async def query(self, out_trade_no: str) -> httpx.Response:
        return await self.call("GET", f"/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={self.merchant.mchid}")

    async def queried(self, out_trade_no: str) -> dict[str, Any]:
        return self.verified(await self.query(out_trade_no))

    async def close(self, out_trade_no: str) -> httpx.Response:
        body = {"mchid": self.merchant.mchid}
        return await self.call("POST", f"/v3/pay/transactions/out-trade-no/{out_trade_no}/close", body)

    def refund_of(self, paid: dict[str, Any], fen: int = 40, **changed: Any) -> dict[str, Any]:
        return {
            "transaction_id": paid["transaction_id"],
            "out_refund_no": f"R{secrets.token_hex(10)}",
            "notify_url": NOTIFY_URL,
            "amount": {"refund": fen, "total": paid["amount"]["total"], "currency": "CNY"},
            **changed,
        }

    async def refund(self, body: dict[str, Any]) -> httpx.Response:
        return await self.call("POST", REFUNDS, body)

    async def refunded(self, out_refund_no: str) -> dict[str, Any]:
        return self.verified(await self.call("GET", f"{REFUNDS}/{out_refund_no}"))

    def verified(self, answer: httpx.Response) -> dict[str, Any]:
        """The JSON of an answer with a right signature; of a 204 an empty object."""
        assert answer.status_code in (200, 202, 204), answer.text
        assert self.is_signed(answer)
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def is_signed(self, answer: httpx.Response) -> bool:
        headers = answer.headers
        assert headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
        assert headers["Request-ID"]
        message = b"\n".join(
            (headers["Wechatpay-Timestamp"].encode(), headers["Wechatpay-Nonce"].encode(), answer.content, b"")
        )
        try:
            signature = base64.b64decode(headers["Wechatpay-Signature"], validate=True)
            self.key(headers["Wechatpay-Serial"]).verify(signature, message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def key(self, serial: str) -> RSAPublicKey:
        if serial == self.merchant.public_key_id:
            key = load_pem_public_key(self.merchant.public_key_pem.encode())
        else:
            key = x509.load_pem_x509_certificate(self.merchant.certificates[serial].encode()).public_key()
        assert isinstance(key, RSAPublicKey)
        return key

    def opened(self, sealed: dict[str, str]) -> bytes:
        key, aad = self.merchant.apiv3_key.encode(), sealed["associated_data"].encode()
        assert sealed["algorithm"] == "AEAD_AES_256_GCM"
        return AESGCM(key).decrypt(sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), aad)

    def refusal(self, answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
        """The body of an unsigned error."""
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] == code
        assert answer.json()["message"]
        assert answer.headers["Request-ID"]
        assert not [name for name in answer.headers if name.startswith("wechatpay-")]
        content: dict[str, Any] = answer.json()
        return content


@lru_cache
def private_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key
