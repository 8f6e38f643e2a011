"""WeChat Pay in a bad hour: what is sent again, how often, and when nothing is sent at all."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx
import pytest

from tests.wechat.pay.fake_pay import (
    ADDRESS,
    BACKUP,
    CONTENT,
    NUMBER,
    REFUND,
    REFUND_NUMBER,
    FakePay,
    Ticks,
    open_pay,
    refusal,
    signed,
)
from tests.wechat.pay.test_answers import BODY, CALLS, Call, prepay, query, query_refund
from wechat import errors
from wechat.breaker import State
from wechat.pay import errors as pay_errors
from wechat.pay.client import Pay

pytestmark = pytest.mark.anyio

NO_USABLE_ANSWER: list[httpx.Response | Exception] = [
    httpx.ReadTimeout("late"),
    httpx.ReadError("broken"),
    httpx.RemoteProtocolError("broken"),
    httpx.Response(500),
    httpx.Response(502),
]


def hosts(fake: FakePay) -> list[str]:
    return [f"https://{request.url.host}" for request in fake.requests]


async def outcome(pay: Pay, call: Call = query) -> str:
    try:
        await call(pay)
    except errors.WeChatError as error:
        return type(error).__name__
    return "answered"


@pytest.mark.parametrize("reply", NO_USABLE_ANSWER, ids=range(5))
@pytest.mark.parametrize(("call", "content"), [(query, CONTENT), (query_refund, REFUND)], ids=["query", "refund"])
async def test_a_read_is_sent_once_more_and_signed_anew(
    call: Call, content: object, reply: httpx.Response | Exception
) -> None:
    fake = FakePay([reply, signed(content)])
    async with open_pay(fake) as pay:
        assert await outcome(pay, call) == "answered"
        assert pay.breaker.state is State.CLOSED

    assert hosts(fake) == [ADDRESS, ADDRESS]
    assert fake.nonces == ["nonce-0", "nonce-1"]
    assert fake.requests[0].url == fake.requests[1].url


@pytest.mark.parametrize(
    "reply",
    [refusal(404, "ORDER_NOT_EXIST"), refusal(429, "FREQUENCY_LIMITED"), httpx.Response(404), httpx.Response(200)],
    ids=range(4),
)
async def test_a_read_that_was_answered_is_not_sent_again(reply: httpx.Response) -> None:
    fake = FakePay([reply])
    async with open_pay(fake, backup_address=BACKUP) as pay:
        assert await outcome(pay) != "answered"

    assert hosts(fake) == [ADDRESS]


async def hang() -> httpx.Response:
    await asyncio.sleep(30)
    raise AssertionError


@pytest.mark.parametrize(
    ("pause", "sent", "told"),
    [(0.0, 2, "answered"), (0.05, 2, "answered"), (0.3, 1, "TimedOut"), (30.0, 1, "TimedOut")],
)
async def test_a_read_that_hangs_is_sent_again_where_the_deadline_leaves_time(
    pause: float, sent: int, told: str
) -> None:
    requests, pauses = [], []

    async def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return signed(CONTENT) if len(requests) > 1 else await hang()

    def uniform(low: float, high: float) -> float:
        pauses.append((low, high))
        return pause

    async with open_pay(answer, deadline=1.0, uniform=uniform) as pay:
        started = time.monotonic()
        assert await outcome(pay) == told

    assert 0.55 < time.monotonic() - started < 2.5
    assert len(requests) == sent
    assert pauses == [(0.0, 0.1)]


async def test_a_read_that_hangs_twice_ends_at_its_deadline() -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        return await hang()

    async with open_pay(answer, deadline=0.5) as pay:
        started = time.monotonic()
        assert await outcome(pay) == "TimedOut"

    assert 0.45 < time.monotonic() - started < 2


async def test_a_write_that_hangs_has_the_whole_deadline_and_is_sent_once() -> None:
    requests = []

    async def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        await asyncio.sleep(0.4)
        return signed({"prepay_id": "wx1"})

    async with open_pay(answer, deadline=0.6) as pay:
        assert await outcome(pay, prepay) == "answered"
    assert len(requests) == 1


@dataclass
class FirstFails:
    """The first request for each number is lost, the others are answered."""

    seen: set[bytes] = field(default_factory=set)
    requests: int = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if request.url.raw_path in self.seen:
            return signed({name: it for name, it in CONTENT.items() if name != "out_trade_no"})
        self.seen.add(request.url.raw_path)
        raise httpx.ReadError("broken")


async def test_the_budget_bounds_what_is_sent_again() -> None:
    # Given a day on which each third call loses its first request
    fake = FirstFails()
    async with open_pay(fake, monotonic=Ticks()) as pay:
        told = [
            type(await failure_of(pay, number)).__name__
            for count in range(40)
            for number in (f"order-{count:03}", "order-000", "order-000")
        ]
        assert pay.breaker.state is State.CLOSED

    # Then ten are sent again, and after that a tenth of the calls
    assert (told.count("NoneType"), told.count("BrokenOff")) == (101, 19)
    assert fake.requests == 120 + 21


async def failure_of(pay: Pay, number: str) -> errors.WeChatError | None:
    try:
        await pay.query(number)
    except errors.WeChatError as error:
        return error
    return None


async def test_in_a_long_outage_of_the_main_address_every_call_is_answered() -> None:
    # Given a main address that cannot be reached
    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "pay.test":
            raise httpx.ConnectError("no")
        return signed({"prepay_id": "wx1"})

    asked: list[str] = []
    ticks = Ticks()
    async with open_pay(answer, backup_address=BACKUP, monotonic=ticks) as pay:
        for _ in range(150):
            assert await pay.prepay(BODY) == "wx1"
            ticks.now += 1

    # Then it is tried first once a minute
    assert asked.count("backup.test") == 150
    assert asked.count("pay.test") == 3


@pytest.mark.parametrize("call", CALLS)
async def test_while_the_circuit_is_open_nothing_is_sent(call: Call) -> None:
    fake = FakePay([httpx.Response(500)])
    async with open_pay(fake, monotonic=Ticks()) as pay:
        assert [await outcome(pay, prepay) for _ in range(5)] == ["Busy"] * 5
        assert pay.breaker.state is State.OPEN
        with pytest.raises(errors.CircuitOpen):
            await call(pay)

    assert len(fake.requests) == 5


async def test_a_call_of_two_requests_counts_once() -> None:
    fake = FakePay([httpx.Response(500)])
    async with open_pay(fake, monotonic=Ticks()) as pay:
        assert [await outcome(pay) for _ in range(7)] == ["Busy"] * 5 + ["CircuitOpen"] * 2

    assert len(fake.requests) == 10


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "PARAM_ERROR"),
        refusal(400, "SYSTEM_ERROR"),
        refusal(401, "SIGN_ERROR"),
        refusal(404, "ORDER_NOT_EXIST"),
        refusal(429, "FREQUENCY_LIMITED"),
        httpx.Response(404),
        httpx.Response(200),
        signed(b"", 202),
        signed(CONTENT, key="mallory"),
    ],
    ids=range(9),
)
async def test_an_answer_that_is_no_server_error_never_opens_it(reply: httpx.Response) -> None:
    fake = FakePay([reply])
    async with open_pay(fake, monotonic=Ticks()) as pay:
        for _ in range(25):
            assert await outcome(pay, prepay) not in ("answered", "CircuitOpen")
        assert pay.breaker.state is State.CLOSED

    assert len(fake.requests) == 25


async def test_a_probe_is_one_request_where_it_arrives() -> None:
    ticks = Ticks()
    fake = FakePay([httpx.Response(500)])
    async with open_pay(fake, monotonic=ticks, backup_address=BACKUP) as pay:
        for _ in range(5):
            await outcome(pay, prepay)
        ticks.now += 10

        assert [await outcome(pay) for _ in range(3)] == ["Busy", "CircuitOpen", "CircuitOpen"]

    assert hosts(fake) == [ADDRESS] * 6


async def test_a_probe_finds_the_backup_address_where_the_main_one_stays_away() -> None:
    ticks = Ticks()
    fake = FakePay([*[httpx.ConnectError("no")] * 10, httpx.ConnectError("no"), signed({"prepay_id": "wx1"})])
    async with open_pay(fake, monotonic=ticks, backup_address=BACKUP) as pay:
        assert [await outcome(pay, prepay) for _ in range(6)] == ["Unreachable"] * 5 + ["CircuitOpen"]
        assert len(fake.requests) == 10
        ticks.now += 10

        assert [await outcome(pay, prepay) for _ in range(3)] == ["answered"] * 3

    assert hosts(fake) == [ADDRESS, BACKUP] * 6 + [BACKUP] * 2


async def test_without_any_key_an_open_circuit_is_told_as_such() -> None:
    fake = FakePay([httpx.Response(500)])
    async with open_pay(fake, monotonic=Ticks(), with_public_key=False) as pay:
        assert [await outcome(pay, prepay) for _ in range(6)] == ["Unreachable"] * 5 + ["CircuitOpen"]


async def test_the_merchant_is_no_less_misconfigured_for_a_probe() -> None:
    ticks = Ticks()
    fake = FakePay([*[httpx.Response(500)] * 5, refusal(401, "SIGN_ERROR")])
    async with open_pay(fake, monotonic=ticks) as pay:
        for _ in range(5):
            await outcome(pay, prepay)
        ticks.now += 10
        for _ in range(2):
            with pytest.raises(pay_errors.PayMisconfigured):
                await pay.close(NUMBER)

        assert pay.breaker.state is State.CLOSED


async def test_a_refund_is_sent_once_whatever_becomes_of_it() -> None:
    for reply in NO_USABLE_ANSWER:
        fake = FakePay([reply])
        async with open_pay(fake, backup_address=BACKUP) as pay:
            with pytest.raises(errors.Unavailable):
                await pay.refund(REFUND_NUMBER.encode())

        assert len(fake.requests) == 1
