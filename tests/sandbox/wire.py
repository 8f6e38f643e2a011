"""The other end of the sandbox in its tests: a client of WeChat's paths, and the remote control in one hand."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from sandbox.apps import DEFAULT_APPS, App
from sandbox.server import SandboxServer

ONE, TWO = DEFAULT_APPS
START = 1_767_225_600.0  # 2026-01-01 08:00 in China


class RealTime:
    """A clock that stands still, so that limits and lives are exact."""

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> float:
        return self.seconds


class Wire:
    def __init__(self, server: SandboxServer, http: httpx.AsyncClient) -> None:
        self.server = server
        self.http = http

    async def control(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> dict[str, Any]:
        response = await self.http.request(method, f"/_sandbox/{path}", json=body)
        assert response.status_code == 200, response.text
        content: dict[str, Any] = response.json()
        return content

    async def refused(self, path: str, body: Any, status: int, method: str = "POST") -> str:
        before = await self.state()
        response = await self.http.request(method, f"/_sandbox/{path}", content=json.dumps(body))
        assert response.status_code == status, response.text
        assert list(response.json()) == ["error"]
        assert await self.state() == before
        return str(response.json()["error"])

    async def state(self) -> dict[str, Any]:
        return await self.control("state", method="GET")

    async def called(self, path: str, times: int) -> None:
        async def enough() -> bool:
            return await self.calls(path) >= times

        await until(enough)

    async def calls(self, path: str) -> int:
        return int((await self.state())["calls"][path])

    async def fault(self, path: str, fault: str, times: int = 1) -> None:
        await self.control("faults", {"faults": [{"path": path, "fault": fault, "times": times}]}, "PUT")

    async def advance(self, seconds: float) -> None:
        await self.control("clock", {"advance": seconds})

    async def code(self, openid: str | None = None) -> str:
        return str((await self.control("wx/login", {} if openid is None else {"openid": openid}))["code"])

    async def exchange_raw(self, code: str, app: App = ONE, **query: str) -> httpx.Response:
        given = {"appid": app.appid, "secret": app.secret, "js_code": code, "grant_type": "authorization_code"}
        return await self.http.get("/sns/jscode2session", params={**given, **query})

    async def exchange(self, code: str, app: App = ONE, **query: str) -> dict[str, Any]:
        response = await self.exchange_raw(code, app, **query)
        assert response.status_code == 200
        content: dict[str, Any] = response.json()
        return content

    async def sign_in(self, **person: Any) -> dict[str, Any]:
        """openid, session_key and perhaps unionid of a new person who opened the first app."""
        user = await self.control("users", person)
        return await self.exchange(await self.code(user["openid"]))

    async def post(self, path: str, body: Any, token: str) -> dict[str, Any]:
        """A call of WeChat's with a JSON body in UTF-8, answered in JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        response = await self.http.post(path, params={"access_token": token}, content=raw)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json; encoding=utf-8"
        content: dict[str, Any] = response.json()
        return content

    async def token(self, app: App = ONE) -> str:
        given = {"appid": app.appid, "secret": app.secret, "grant_type": "client_credential"}
        return str((await self.http.get("/cgi-bin/token", params=given)).json()["access_token"])

    async def stable(self, app: App = ONE, **body: Any) -> dict[str, Any]:
        given = {"appid": app.appid, "secret": app.secret, "grant_type": "client_credential"}
        response = await self.http.post("/cgi-bin/stable_token", json={**given, **body})
        content: dict[str, Any] = response.json()
        return content

    async def session_call(self, path: str, token: str, user: str, session_key: str, **query: str) -> dict[str, Any]:
        given = {
            "access_token": token,
            "openid": user,
            "signature": sign(session_key),
            "sig_method": "hmac_sha256",
        }
        response = await self.http.get(path, params={**given, **query})
        content: dict[str, Any] = response.json()
        return content

    async def token_errcode(self, token: str, app: App = ONE) -> int:
        """0 for a token that WeChat takes: the openid is what is wrong then."""
        query = {"access_token": token, "openid": app.appid}
        errcode = int((await self.http.get("/wxa/checksession", params=query)).json()["errcode"])
        return 0 if errcode == 40003 else errcode


def sign(session_key: str) -> str:
    return hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()


def opened(data: dict[str, Any], session_key: str) -> dict[str, Any]:
    """What is in encryptedData: decrypted, its padding checked and taken off, read as UTF-8 and JSON."""
    key, iv = base64.b64decode(session_key, validate=True), base64.b64decode(data["iv"], validate=True)
    decryptor = Cipher(AES(key), CBC(iv)).decryptor()
    padded = decryptor.update(base64.b64decode(data["encryptedData"], validate=True)) + decryptor.finalize()
    length = padded[-1]
    if not 1 <= length <= 16 or padded[-length:] != bytes([length]) * length:
        raise ValueError("the padding is wrong")
    content: dict[str, Any] = json.loads(padded[:-length].decode())
    return content


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError
