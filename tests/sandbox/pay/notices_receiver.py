"""A merchant's server on a real socket, which checks notifications with nothing but `cryptography`."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.pay.keys import Merchant

Answering = Callable[[int], Awaitable[Response]]
"""Gives the answer to the n-th notification, from 1."""


class Received:
    """One POST as it came in."""

    def __init__(self, path: str, headers: Headers, body: bytes, merchant: Merchant) -> None:
        self.path = path
        self.headers = headers
        self.body = body
        self._merchant = merchant

    @property
    def envelope(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def serial(self) -> str:
        return self.headers["wechatpay-serial"]

    @property
    def genuine(self) -> bool:
        """Whether the signature is that of the key which the headers name."""
        signed = f"{self.headers['wechatpay-timestamp']}\n{self.headers['wechatpay-nonce']}\n".encode()
        signature = base64.b64decode(self.headers["wechatpay-signature"], validate=True)
        try:
            self._key().verify(signature, signed + self.body + b"\n", PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    @property
    def resource(self) -> dict[str, Any]:
        sealed = self.envelope["resource"]
        assert sealed["algorithm"] == "AEAD_AES_256_GCM"
        ciphertext = base64.b64decode(sealed["ciphertext"], validate=True)
        cipher = AESGCM(self._merchant.apiv3_key.encode())
        plain = cipher.decrypt(sealed["nonce"].encode(), ciphertext, sealed["associated_data"].encode())
        content: dict[str, Any] = json.loads(plain)
        return content

    def _key(self) -> RSAPublicKey:
        if self.serial == self._merchant.public_key_id:
            key = load_pem_public_key(self._merchant.public_key_pem.encode())
        else:
            key = load_pem_x509_certificate(self._merchant.certificates[self.serial].encode()).public_key()
        assert isinstance(key, RSAPublicKey)
        return key


class Receiver:
    """Where notifications arrive; `answering` may be replaced, and answers 204 until it is.

    What holds an answer back gives up when `closing` is set.
    """

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        self.address = ""
        self.received: list[Received] = []
        self.open = 0
        self.most_open = 0
        self.closing = asyncio.Event()
        self.answering: Answering = self.status(204)

    @property
    def url(self) -> str:
        return f"{self.address}/notify"

    @staticmethod
    def status(*codes: int) -> Answering:
        """These statuses in turn, the last one for ever."""

        async def answer(number: int) -> Response:
            return Response(status_code=codes[min(number, len(codes)) - 1])

        return answer

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self.received.append(Received(request.url.path, request.headers, body, self.merchant))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self.answering(len(self.received))
        finally:
            self.open -= 1


async def reached(condition: Callable[[], bool]) -> None:
    """Raises TimeoutError when it is not true within some seconds."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def receiving(merchant: Merchant) -> AsyncIterator[Receiver]:
    """A running receiver, stopped at the end."""
    receiver = Receiver(merchant)
    application = Starlette(routes=[Route("/{path:path}", receiver.answer, methods=["POST", "GET"])])
    config = uvicorn.Config(application, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=3)
    server = _Server(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        receiver.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await reached(lambda: server.started)
            yield receiver
        finally:
            receiver.closing.set()
            server.should_exit = True
            async with asyncio.timeout(10):
                await serving
