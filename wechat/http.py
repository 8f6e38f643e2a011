"""One HTTP exchange with a total deadline and a bounded body, and the client that makes it.

httpx has no deadline for a whole exchange, and its errors carry the request, whose URL holds secrets: they end here.
"""

import asyncio
import functools
import logging
import ssl
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from wechat.errors import BrokenOff, Crowded, Misconfigured, TimedOut, Unavailable, Unreachable, Unreadable, WeChatError

LARGEST_BODY = 1024 * 1024
_HIGHEST_PORT = 65_535
_URL_ADVICE = "Look at APPLETQL_WECHAT_API_URL: it must be an http or https address with a host and nothing after it."

FOREIGN_ERRORS: dict[type[Exception], type[WeChatError]] = {
    httpx.HTTPError: Unavailable,
    httpx.RequestError: Unavailable,
    httpx.TransportError: BrokenOff,
    httpx.TimeoutException: TimedOut,
    httpx.ConnectTimeout: Unreachable,
    httpx.ReadTimeout: TimedOut,
    httpx.WriteTimeout: TimedOut,
    httpx.PoolTimeout: Crowded,
    httpx.NetworkError: BrokenOff,
    httpx.ConnectError: Unreachable,
    httpx.ReadError: BrokenOff,
    httpx.WriteError: BrokenOff,
    httpx.CloseError: BrokenOff,
    httpx.ProtocolError: BrokenOff,
    httpx.LocalProtocolError: BrokenOff,
    httpx.RemoteProtocolError: BrokenOff,
    httpx.ProxyError: Unreachable,
    httpx.UnsupportedProtocol: Misconfigured,
    httpx.DecodingError: Unreadable,
    httpx.TooManyRedirects: Unreadable,
    httpx.HTTPStatusError: Unreadable,
    httpx.InvalidURL: Misconfigured,
    httpx.CookieConflict: Unreadable,
    httpx.StreamError: BrokenOff,
    httpx.StreamConsumed: BrokenOff,
    httpx.StreamClosed: BrokenOff,
    httpx.ResponseNotRead: BrokenOff,
    httpx.RequestNotRead: BrokenOff,
}
"""Every error class of httpx; a new one takes the row of its nearest ancestor."""

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
"""The roots of httpx's errors."""


@dataclass(frozen=True)
class Answer:
    """A whole answer, body as it came."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)


def new_http_client(
    *, transport: httpx.AsyncBaseTransport | None = None, connections: int = 50, user_agent: str = "AppletQL"
) -> httpx.AsyncClient:
    """A client for one upstream; whoever opens it closes it.

    No redirects, no proxies or certificates from the environment, no cookies, no compression (a few bytes must not
    become many), idle connections dropped after 15 seconds. It also silences httpx's and httpcore's own loggers below
    WARNING, since they write whole URLs and with them AppSecrets and access_tokens.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        transport=transport,
        verify=_certificates(),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(connect=2.0, read=10.0, write=10.0, pool=1.0),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=20, keepalive_expiry=15.0),
        headers={"user-agent": user_agent, "accept": "application/json", "accept-encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The certificates that are trusted, read once: that takes longer than opening a client."""
    return httpx.create_ssl_context(trust_env=False)


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, path: str, *, deadline: float, largest: int = LARGEST_BODY
) -> Answer:
    """Send `request` once and read the whole answer, in at most `deadline` seconds and `largest` bytes.

    Any status is an answer; redirects are not followed. `path` names the call in errors. Raises Unavailable or one of
    its kinds, Misconfigured for an address that httpx cannot use.
    """
    if client.is_closed:
        raise Unreachable(path, "the client is closed")
    try:
        async with asyncio.timeout(deadline):
            return await _read_whole(client, request, path, largest)
    except TimeoutError:
        failure: WeChatError = TimedOut(path, f"{deadline:g} s")
    except HTTPX_ERRORS as error:
        failure = from_httpx(path, error)
    except OSError as error:
        failure = BrokenOff(path, type(error).__name__)
    # Raised here and not above, so that it has no context: that would hold the request.
    raise failure


def from_httpx(path: str, error: Exception) -> WeChatError:
    """The error that stands for one of httpx's; of the original only its class name is kept."""
    kind = next((FOREIGN_ERRORS[known] for known in type(error).__mro__ if known in FOREIGN_ERRORS), Unavailable)
    name = type(error).__name__
    return Misconfigured(path, name, advice=_URL_ADVICE) if kind is Misconfigured else kind(path, name)


def checked_address(address: str) -> str:
    """`address` without a slash at its end; Misconfigured where it is not a plain http or https address."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    plain = url.scheme in ("http", "https") and url.host and not url.userinfo and not set(address) & set("?#")
    # Nothing below checks the port, and one that is too high comes back as a group of errors.
    if not plain or not (url.port is None or 1 <= url.port <= _HIGHEST_PORT):
        raise Misconfigured("/", "no usable address", advice=_URL_ADVICE)
    return address.rstrip("/")


async def _read_whole(client: httpx.AsyncClient, request: httpx.Request, path: str, largest: int) -> Answer:
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        # Never asked for; unpacked, a few bytes may be very many, before they can be counted.
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unreadable(path, "compressed")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > largest:
                raise Unreadable(path, f"more than {largest} bytes")
    finally:
        await response.aclose()
    return Answer(response.status_code, response.headers, bytes(body))
