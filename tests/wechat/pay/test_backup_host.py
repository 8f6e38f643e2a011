"""The backup address: only where no connection could be had, once, signed anew, within the same time."""

import asyncio
import logging
import time

import httpx
import pytest

from tests.wechat.pay.fake_pay import (
    ADDRESS,
    BACKUP,
    CONTENT,
    NUMBER,
    FakePay,
    open_pay,
    refusal,
    signed,
)
from tests.wechat.pay.test_answers import BODY, CALLS, Call, times_sent
from wechat import errors
from wechat.pay import errors as pay_errors

pytestmark = pytest.mark.anyio

UNREACHABLE: list[tuple[Exception, type[errors.WeChatError]]] = [
    (httpx.ConnectError("no"), errors.Unreachable),
    (httpx.ConnectTimeout("no"), errors.Unreachable),
    (httpx.PoolTimeout("no"), errors.Crowded),
]


def hosts(fake: FakePay) -> list[str]:
    return [f"https://{request.url.host}" for request in fake.requests]


@pytest.mark.parametrize(("reply", "kind"), UNREACHABLE, ids=["ConnectError", "ConnectTimeout", "PoolTimeout"])
async def test_the_same_bytes_are_sent_once_more_and_signed_anew(
    reply: Exception, kind: type[errors.WeChatError], caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakePay([reply, signed({"prepay_id": "wx1"})])
    async with open_pay(fake, backup_address=BACKUP) as pay:
        assert await pay.prepay(BODY) == "wx1"

    assert hosts(fake) == [ADDRESS, BACKUP]
    assert [request.content for request in fake.requests] == [BODY, BODY]
    assert fake.nonces == ["nonce-0", "nonce-1"]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"WeChat Pay /v3/pay/transactions/jsapi is tried once more after {kind.__name__}"
    ]


@pytest.mark.parametrize("call", CALLS)
async def test_every_call_has_the_backup_and_no_third_try(call: Call) -> None:
    fake = FakePay([httpx.ConnectError("no")])
    async with open_pay(fake, backup_address=BACKUP) as pay:
        with pytest.raises(errors.Unreachable) as raised:
            await call(pay)

    assert hosts(fake) == [ADDRESS, BACKUP]
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (httpx.ReadTimeout("late"), errors.TimedOut),
        (httpx.WriteError("broken"), errors.BrokenOff),
        (httpx.ReadError("broken"), errors.BrokenOff),
        (httpx.RemoteProtocolError("broken"), errors.BrokenOff),
        (OSError("broken"), errors.BrokenOff),
        (httpx.Response(502), errors.Busy),
        (httpx.Response(503), errors.Busy),
        (refusal(429, "FREQUENCY_LIMITED"), errors.RateLimited),
        (httpx.Response(200), errors.Unverified),
        (refusal(401, "SIGN_ERROR"), pay_errors.PayMisconfigured),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("call", CALLS)
async def test_what_may_have_been_received_is_not_sent_again_but_for_a_read(
    call: Call, reply: httpx.Response | Exception, kind: type[errors.WeChatError]
) -> None:
    fake = FakePay([reply])
    async with open_pay(fake, backup_address=BACKUP) as pay:
        with pytest.raises(errors.WeChatError) as raised:
            await call(pay)

    assert type(raised.value) is kind
    assert hosts(fake) == [ADDRESS, BACKUP][: times_sent(reply, call)]


async def test_without_a_backup_nothing_is_sent_twice() -> None:
    fake = FakePay([httpx.ConnectError("no")])
    async with open_pay(fake) as pay:
        with pytest.raises(errors.Unreachable):
            await pay.query(NUMBER)

    assert hosts(fake) == [ADDRESS]


async def test_both_addresses_share_one_deadline() -> None:
    seen = []

    async def slow(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        if len(seen) == 1:
            await asyncio.sleep(0.2)
            raise httpx.ConnectTimeout("no")
        await asyncio.sleep(30)
        raise AssertionError

    async with open_pay(slow, backup_address=BACKUP, deadline=0.5) as pay:
        started = time.monotonic()
        with pytest.raises(errors.TimedOut):
            await pay.query(NUMBER)

    assert 0.45 < time.monotonic() - started < 2
    assert seen == ["pay.test", "backup.test"]


@pytest.mark.parametrize(("backup", "seconds"), [(None, 2.0), (BACKUP, 1.0)])
async def test_the_first_address_leaves_time_to_reach_the_second(backup: str | None, seconds: float) -> None:
    fake = FakePay([signed(CONTENT)])
    async with open_pay(fake, backup_address=backup) as pay:
        await pay.query(NUMBER)

    timeout = fake.requests[0].extensions["timeout"]
    assert timeout == {"connect": seconds, "read": 10.0, "write": 10.0, "pool": 1.0}


@pytest.mark.parametrize("address", ["pay.test", "ftp://pay.test", "https://pay.test/?a", "https://u:p@pay.test", ""])
async def test_an_address_that_cannot_be_used_is_a_misconfiguration(address: str) -> None:
    for addresses in ((address, None), (ADDRESS, address)):
        with pytest.raises(errors.Misconfigured) as raised:
            async with open_pay(FakePay([signed(CONTENT)]), address=addresses[0], backup_address=addresses[1]):
                pass
        assert "APPLETQL_PAY_API_URL" in raised.value.advice
        assert raised.value.__context__ is None
