"""What is believed of an answer: each 2xx only with a fresh signature, and the rest by status and code."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.wechat.pay.fake_pay import (
    CONTENT,
    KEY_ID,
    NOW,
    NUMBER,
    REFUND,
    REFUND_NUMBER,
    RID,
    TRANSACTION_ID,
    FakePay,
    compact,
    open_pay,
    refusal,
    signed,
    signed_headers,
)
from wechat import errors
from wechat.http import LARGEST_BODY
from wechat.pay import errors as pay_errors
from wechat.pay.client import Pay

pytestmark = pytest.mark.anyio

Call = Callable[[Pay], Awaitable[object]]
BODY = b'{"out_trade_no":"a"}'


def prepay(pay: Pay) -> Awaitable[object]:
    return pay.prepay(BODY)


def query(pay: Pay) -> Awaitable[object]:
    return pay.query(NUMBER)


def close(pay: Pay) -> Awaitable[object]:
    return pay.close(NUMBER)


def refund(pay: Pay) -> Awaitable[object]:
    return pay.refund(BODY)


def query_refund(pay: Pay) -> Awaitable[object]:
    return pay.query_refund(REFUND_NUMBER)


CALLS: list[Call] = [prepay, query, close, refund, query_refund]
READS: list[Call] = [query, query_refund]


def times_sent(reply: httpx.Response | Exception, call: Call) -> int:
    """Only a read is sent again, and only where no whole answer came, or 5xx."""
    no_usable_answer = (
        reply.status_code >= 500 if isinstance(reply, httpx.Response) else not isinstance(reply, httpx.ConnectError)
    )
    return 2 if call in READS and no_usable_answer else 1


async def failure(reply: httpx.Response | Exception, call: Call = query, **options: Any) -> errors.WeChatError:
    """The error of one call; it holds on to nothing, and only what may be is sent again, once."""
    fake = FakePay([reply])
    async with open_pay(fake, **options) as pay:
        with pytest.raises(errors.WeChatError) as raised:
            await call(pay)
    assert raised.value.__context__ is None
    assert len(fake.requests) == times_sent(reply, call)
    return raised.value


def altered(**headers: str | None) -> httpx.Response:
    """An answer whose headers of the signature are others, or missing where None."""
    answer = signed(CONTENT)
    for name, text in headers.items():
        del answer.headers[f"wechatpay-{name}"]
        if text is not None:
            answer.headers[f"wechatpay-{name}"] = text
    return answer


UNVERIFIED = {
    "no signature": altered(signature=None),
    "no timestamp": altered(timestamp=None),
    "no nonce": altered(nonce=None),
    "no serial": altered(serial=None),
    "empty signature": altered(signature=""),
    "a probe of WeChat's": altered(signature="WECHATPAY/SIGNTEST/a0tzZ61cvnWXlRdMPUFAJ2RPMfuf"),
    "not base64": altered(signature="%%%"),
    "a time in words": altered(timestamp="now"),
    "a negative time": altered(timestamp="-1"),
    "a time without end": altered(timestamp="9" * 5000),
    "another nonce": altered(nonce="another"),
    "another key": signed(CONTENT, key="mallory"),
    "an unknown serial": signed(CONTENT, serial="PUB_KEY_ID_2"),
    "the id in lower case": signed(CONTENT, serial=KEY_ID.lower()),
    "300 s ago": signed(CONTENT, at=NOW - timedelta(seconds=300)),
    "in 301 s": signed(CONTENT, at=NOW + timedelta(seconds=301)),
    "another body": httpx.Response(200, content=compact(REFUND), headers=signed_headers(compact(CONTENT))),
    "202 unsigned": httpx.Response(202),
    "204 unsigned": httpx.Response(204),
    "204 signed for a body": httpx.Response(204, headers=signed_headers(b"{}")),
    "an error unsigned": httpx.Response(200, json={"code": "ORDER_PAID"}),
}


@pytest.mark.parametrize("name", UNVERIFIED)
@pytest.mark.parametrize("call", [query, close])
async def test_a_success_that_cannot_be_verified_is_unknown(name: str, call: Call) -> None:
    error = await failure(UNVERIFIED[name], call)

    assert type(error) is errors.Unverified
    assert isinstance(error, errors.Unavailable)


@pytest.mark.parametrize("seconds", [-299, -1, 0, 1, 299, 300])
async def test_a_signature_of_the_last_and_next_five_minutes_is_fresh(seconds: int) -> None:
    # 300 is half a second less than 300 from this clock, since signatures have whole seconds.
    async with open_pay(FakePay([signed(CONTENT, at=NOW + timedelta(seconds=seconds))])) as pay:
        assert await query(pay)


async def test_a_wrong_body_of_a_prepay_is_unknown_and_not_repeated() -> None:
    error = await failure(signed({"prepay_id": ""}), prepay)

    assert type(error) is errors.Unreadable


UNKNOWN: list[tuple[httpx.Response | Exception, type[errors.WeChatError], str | None]] = [
    (signed({"code": "USERPAYING", "message": ""}, 202), errors.UserPaying, "USER_PAYING"),
    (signed(b"", 202), errors.UserPaying, None),
    (refusal(400, "USERPAYING"), errors.UserPaying, "USER_PAYING"),
    (refusal(429, "FREQUENCY_LIMITED"), errors.RateLimited, "FREQUENCY_LIMITED"),
    (refusal(429, "RATELIMIT_EXCEEDED"), errors.RateLimited, "FREQUENCY_LIMITED"),
    (refusal(429, "SOMETHING_NEW"), errors.RateLimited, "SOMETHING_NEW"),
    (refusal(403, "FREQUENCY_LIMITED"), errors.RateLimited, "FREQUENCY_LIMITED"),
    (httpx.Response(429, content=b"<html>"), errors.RateLimited, None),
    (refusal(500, "SYSTEM_ERROR"), errors.Busy, "SYSTEM_ERROR"),
    (refusal(500, "SYSTEMERROR"), errors.Busy, "SYSTEM_ERROR"),
    (refusal(500, "BANK_ERROR"), errors.Busy, "BANK_ERROR"),
    (refusal(500, "OPENID_MISMATCH"), errors.Busy, "OPENID_MISMATCH"),
    (refusal(400, "SYSTEM_ERROR"), errors.Busy, "SYSTEM_ERROR"),
    (refusal(503, "SERVICE_UNAVAILABLE"), errors.Busy, "SERVICE_UNAVAILABLE"),
    (httpx.Response(502, content=b"<html>Bad Gateway"), errors.Busy, None),
    (httpx.Response(500), errors.Busy, None),
    (signed({"code": "SYSTEM_ERROR"}), errors.Busy, "SYSTEM_ERROR"),
    (signed({"code": "SOMETHING_NEW"}), errors.Unreadable, "SOMETHING_NEW"),
    (signed({"code": "something else"}), errors.Unreadable, None),
    (httpx.Response(404), errors.Unreadable, None),
    (httpx.Response(405), errors.Unreadable, None),
    (httpx.Response(404, content=b"<html>Not Found"), errors.Unreadable, None),
    (httpx.Response(404, json={"error": "not found"}), errors.Unreadable, None),
    (httpx.Response(404, json={"code": 404, "message": "no"}), errors.Unreadable, None),
    (httpx.Response(404, json={"code": "", "message": "no"}), errors.Unreadable, None),
    (httpx.Response(404, json={"code": "not found"}), errors.Unreadable, None),
    (httpx.Response(404, json=["ORDER_NOT_EXIST"]), errors.Unreadable, None),
    (httpx.Response(401, content=b"Unauthorized"), errors.Unreadable, None),
    (httpx.Response(302, headers={"location": "/elsewhere"}), errors.Unreadable, None),
    (httpx.Response(304), errors.Unreadable, None),
    (httpx.ReadTimeout(NUMBER), errors.TimedOut, None),
    (httpx.RemoteProtocolError(NUMBER), errors.BrokenOff, None),
    (httpx.ReadError(NUMBER), errors.BrokenOff, None),
    (httpx.ConnectError(NUMBER), errors.Unreachable, None),
]


@pytest.mark.parametrize(("reply", "kind", "code"), UNKNOWN, ids=range(len(UNKNOWN)))
@pytest.mark.parametrize("call", CALLS)
async def test_whatever_decides_nothing_is_unknown_to_each_call(
    reply: httpx.Response | Exception, kind: type[errors.WeChatError], code: str | None, call: Call
) -> None:
    error = await failure(reply, call)

    assert type(error) is kind
    assert isinstance(error, errors.Unavailable)
    assert error.code == code
    assert error.errcode is None


async def test_an_error_says_where_and_why() -> None:
    error = await failure(refusal(403, "NOTENOUGH"), refund)

    assert type(error) is pay_errors.NotEnough
    assert (error.path, error.code, error.status, error.rid) == ("/v3/refund/domestic/refunds", "NOT_ENOUGH", 403, RID)
    assert str(error) == ("WeChat /v3/refund/domestic/refunds: the balance is too low (HTTP 403, code NOT_ENOUGH)")


@pytest.mark.parametrize("rid", ["订单", "a b", "x" * 129, ""])
async def test_an_id_of_another_form_is_left_out(rid: str) -> None:
    answer = httpx.Response(500, headers=[(b"Request-ID", rid.encode())])

    assert (await failure(answer)).rid is None


UNREADABLE: list[tuple[Call, object]] = [
    (prepay, {"prepay_id": 1}),
    (prepay, {"prepay_id": "wx\u0000"}),
    (prepay, {"prepay_id": "x" * 65}),
    *(
        (call, body)
        for call in (prepay, query, refund)
        for body in (b"", b"[]", b"null", b"{", b"\xff{}", b"[" * 50_000)
    ),
    *((call, b'{"amount":{"total":%s}}' % (b"9" * 5000)) for call in (query, refund)),
    (query, {}),
    (query, {**CONTENT, "trade_state": None}),
    (query, {**CONTENT, "out_trade_no": "another"}),
    (query_refund, {**REFUND, "out_refund_no": "another"}),
    (lambda pay: pay.query_transaction(TRANSACTION_ID), {**CONTENT, "transaction_id": "another"}),
]


@pytest.mark.parametrize(("call", "content"), UNREADABLE, ids=range(len(UNREADABLE)))
async def test_a_signed_success_of_another_form_is_unreadable(call: Call, content: object) -> None:
    assert type(await failure(signed(content), call)) is errors.Unreadable


@pytest.mark.parametrize("status", [200, 204])
async def test_both_forms_of_a_close_are_taken(status: int) -> None:
    async with open_pay(FakePay([signed(b"", status)])) as pay:
        await close(pay)


@pytest.mark.parametrize("status", [201, 206])
async def test_a_success_that_is_not_documented_is_unreadable(status: int) -> None:
    for call in CALLS:
        assert type(await failure(signed(CONTENT, status), call)) is errors.Unreadable


async def test_a_body_is_bounded() -> None:
    assert "more than" in str(await failure(signed(b" " * (LARGEST_BODY + 1))))


async def test_the_deadline_covers_signing_and_the_answer() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        raise AssertionError

    async with open_pay(never, deadline=0.05) as pay:
        with pytest.raises(errors.TimedOut, match=r"0\.05 s") as raised:
            await prepay(pay)
    assert raised.value.__context__ is None


async def test_at_most_twenty_calls_are_under_way() -> None:
    # Given 25 callers at once
    under_way = itertools.count(1)
    most = 0
    full, gate = asyncio.Event(), asyncio.Event()

    async def wait(_: httpx.Request) -> httpx.Response:
        nonlocal most
        most = next(under_way)
        if most == 20:
            full.set()
        await gate.wait()
        return signed(CONTENT)

    async with open_pay(wait) as pay:
        callers = [asyncio.create_task(pay.query(NUMBER)) for _ in range(25)]
        await full.wait()
        await asyncio.sleep(0.05)

        # Then twenty are sent, and the rest once these have ended
        assert most == 20
        gate.set()
        assert len(await asyncio.gather(*callers)) == 25
