"""Errors of httpx, addresses, and the client that the process opens."""

import logging

import httpx
import pytest

from wechat import errors
from wechat.http import FOREIGN_ERRORS, HTTPX_ERRORS, Answer, checked_address, exchange, from_httpx, new_http_client

PATH = "/some/path"
PRIVATE_URL = "https://wechat.test/?secret=5ec7e7"

EXPECTED: dict[type[Exception], type[errors.WeChatError]] = {
    httpx.HTTPError: errors.Unavailable,
    httpx.RequestError: errors.Unavailable,
    httpx.TransportError: errors.BrokenOff,
    httpx.TimeoutException: errors.TimedOut,
    httpx.ConnectTimeout: errors.Unreachable,
    httpx.ReadTimeout: errors.TimedOut,
    httpx.WriteTimeout: errors.TimedOut,
    httpx.PoolTimeout: errors.Crowded,
    httpx.NetworkError: errors.BrokenOff,
    httpx.ConnectError: errors.Unreachable,
    httpx.ReadError: errors.BrokenOff,
    httpx.WriteError: errors.BrokenOff,
    httpx.CloseError: errors.BrokenOff,
    httpx.ProtocolError: errors.BrokenOff,
    httpx.LocalProtocolError: errors.BrokenOff,
    httpx.RemoteProtocolError: errors.BrokenOff,
    httpx.ProxyError: errors.Unreachable,
    httpx.UnsupportedProtocol: errors.Misconfigured,
    httpx.DecodingError: errors.Unreadable,
    httpx.TooManyRedirects: errors.Unreadable,
    httpx.HTTPStatusError: errors.Unreadable,
    httpx.InvalidURL: errors.Misconfigured,
    httpx.CookieConflict: errors.Unreadable,
    httpx.StreamError: errors.BrokenOff,
    httpx.StreamConsumed: errors.BrokenOff,
    httpx.StreamClosed: errors.BrokenOff,
    httpx.ResponseNotRead: errors.BrokenOff,
    httpx.RequestNotRead: errors.BrokenOff,
}


def family(kind: type[Exception]) -> set[type[Exception]]:
    """A class of httpx and what httpx derives from it; httpcore and tests have classes of their own."""
    found = {kind}.union(*(family(child) for child in kind.__subclasses__()))
    return {member for member in found if member.__module__.startswith("httpx")}


def everything_httpx_can_raise() -> set[type[Exception]]:
    public = {value for value in vars(httpx).values() if isinstance(value, type) and issubclass(value, Exception)}
    return public.union(*(family(root) for root in HTTPX_ERRORS))


def built(kind: type[Exception]) -> Exception:
    """An instance, without the arguments of its constructor, that carries a request with a private URL."""
    error = kind.__new__(kind, PRIVATE_URL)
    vars(error).update({"_request": httpx.Request("GET", PRIVATE_URL)})
    return error


def test_the_table_has_every_error_class_of_httpx() -> None:
    assert set(FOREIGN_ERRORS) == everything_httpx_can_raise()
    assert FOREIGN_ERRORS == EXPECTED


@pytest.mark.parametrize("kind", sorted(everything_httpx_can_raise(), key=str))
@pytest.mark.anyio
async def test_every_error_of_httpx_becomes_one_of_ours(kind: type[Exception]) -> None:
    # Given a transport that fails with it
    def fail(_: httpx.Request) -> httpx.Response:
        raise built(kind)

    async with new_http_client(transport=httpx.MockTransport(fail)) as client:
        # When a call is made
        with pytest.raises(errors.WeChatError) as raised:
            await exchange(client, client.build_request("GET", PRIVATE_URL), PATH, deadline=1.0)

    # Then the error is the table's, tells the class and nothing else, and holds on to nothing
    assert type(raised.value) is EXPECTED[kind]
    assert str(raised.value) == f"WeChat {PATH}: {EXPECTED[kind].meaning} ({kind.__name__})"
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_an_error_class_that_httpx_may_add_takes_its_ancestors_row() -> None:
    class NewTimeout(httpx.ReadTimeout):
        pass

    assert type(from_httpx(PATH, NewTimeout("late"))) is errors.TimedOut


@pytest.mark.anyio
async def test_an_error_of_the_system_is_a_broken_connection() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise ConnectionResetError(104, "private")

    async with new_http_client(transport=httpx.MockTransport(fail)) as client:
        with pytest.raises(errors.BrokenOff, match=r"\(ConnectionResetError\)$"):
            await exchange(client, client.build_request("GET", PRIVATE_URL), PATH, deadline=1.0)


@pytest.mark.anyio
async def test_a_closed_client_is_unreachable() -> None:
    client = new_http_client()
    request = client.build_request("GET", PRIVATE_URL)
    await client.aclose()

    with pytest.raises(errors.Unreachable, match="the client is closed"):
        await exchange(client, request, PATH, deadline=1.0)


@pytest.mark.parametrize(
    "address", ["https://api.weixin.qq.com", "https://api.weixin.qq.com/", "http://127.0.0.1:8001", "http://[::1]:1/x/"]
)
def test_a_plain_address_is_taken_without_its_last_slash(address: str) -> None:
    assert checked_address(address) == address.rstrip("/")


@pytest.mark.parametrize(
    "address",
    [
        *("", "api.weixin.qq.com", "//api.weixin.qq.com", "ftp://api.weixin.qq.com", "https://", "https:///path"),
        *("https://[::1", "https://name:word@host", "https://host?", "https://host/?a=b", "https://host/#part"),
        *("https://host:0", "https://host:99999", "https://host:x", "https://☃..x", "https://ho\x00st"),
    ],
)
def test_any_other_address_is_a_misconfiguration(address: str) -> None:
    with pytest.raises(errors.Misconfigured) as raised:
        checked_address(address)

    assert "APPLETQL_WECHAT_API_URL" in raised.value.advice
    assert raised.value.__context__ is None


@pytest.mark.anyio
async def test_the_client_trusts_nothing_around_it() -> None:
    async with new_http_client() as client:
        assert client.follow_redirects is False
        assert client.trust_env is False
        assert client.timeout == httpx.Timeout(connect=2.0, read=10.0, write=10.0, pool=1.0)
        assert client.headers["accept-encoding"] == "identity"
        assert client.headers["user-agent"] == "AppletQL"
        assert [logging.getLogger(name).level for name in ("httpx", "httpcore")] == [logging.WARNING] * 2


@pytest.mark.anyio
async def test_no_cookie_is_kept() -> None:
    # Given an upstream that sets a cookie
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"set-cookie": "a=b; Path=/"})

    async with new_http_client(transport=httpx.MockTransport(answer)) as client:
        # When two calls are made
        for _ in range(2):
            await exchange(client, client.build_request("GET", PRIVATE_URL), PATH, deadline=1.0)

    # Then the second does not send it
    assert ["cookie" in request.headers for request in seen] == [False, False]


def test_an_answer_does_not_show_its_content() -> None:
    assert repr(Answer(200, httpx.Headers({"a": "private"}), b"private")) == "Answer(status=200)"
