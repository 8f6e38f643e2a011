"""The HTTP side of sending: one POST with a deadline, whatever the merchant's server does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import httpx

from sandbox.pay.notice_messages import Message

_LONGEST_ANSWER = 65536
_LARGEST_PORT = 65535
# A connection that the other side closes while it is idle would cost an attempt.
_LIMITS = httpx.Limits(max_keepalive_connections=0)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status and the first 64 KiB of the body, or the kind of `error`."""

    status: int | None
    body: bytes = b""
    error: str | None = None


class Courier:
    """Posts messages. `patience` is how many seconds an answer may take, from connecting to its last byte."""

    def __init__(self, client: httpx.AsyncClient, patience: float) -> None:
        self._client = client
        self._patience = patience

    async def post(self, url: str, message: Message) -> Reply:
        """Post once, follow nothing; never raises for what the other side does."""
        if not _is_usable(url):
            return Reply(None, error="unusable url")
        try:
            async with asyncio.timeout(self._patience):
                return await self._exchange(url, message)
        except TimeoutError:
            return Reply(None, error="timeout")
        except httpx.ConnectError:
            return Reply(None, error="no connection")
        except httpx.HTTPError:
            return Reply(None, error="no answer")

    async def _exchange(self, url: str, message: Message) -> Reply:
        headers = list(message.headers)
        async with self._client.stream("POST", url, headers=headers, content=message.body) as response:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _LONGEST_ANSWER:
                    break
            return Reply(response.status_code, body[:_LONGEST_ANSWER])


@cache
def _trusted() -> ssl.SSLContext:
    """The usual authorities, read once: that takes longer than many a delivery."""
    return httpx.create_ssl_context(trust_env=False)


@asynccontextmanager
async def open_courier(patience: float) -> AsyncIterator[Courier]:
    """A courier with connections of its own, which knows nothing of proxies."""
    client = httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        verify=_trusted(),
        limits=_LIMITS,
        timeout=None,  # noqa: S113  (a deadline for the whole stands around each call)
    )
    async with client:
        yield Courier(client, patience)


def _is_usable(url: str) -> bool:
    try:
        address = httpx.URL(url)
        return address.scheme in ("http", "https") and bool(address.host) and (address.port or 0) <= _LARGEST_PORT
    except (httpx.InvalidURL, ValueError):
        # A host that is no domain name is found out only when it is read.
        return False
