"""What goes over a real connection: the bytes that were signed, whatever is in them."""

from collections.abc import Awaitable, Callable, Mapping

import pytest

from tests.wechat.pay.fake_pay import (
    CONTENT,
    KEY_ID,
    MCHID,
    NUMBER,
    PREPAY_ID,
    REFUND,
    REFUND_NUMBER,
    TRANSACTION_ID,
    FakePay,
    assert_signed_by_merchant,
    compact,
    open_pay,
    signed,
    signed_headers,
)
from tests.wechat.pay.raw_server import Answering, RawRequest, serve_raw
from wechat.errors import CallerBug
from wechat.pay.client import Pay
from wechat.pay.results import RefundAnswer, Transaction

pytestmark = pytest.mark.anyio

BODY = '{"description":"Image形象店 — 公仔 🧸","attach":"\\u0041 | * %7C +"}'.encode()


def answering(content: object, status: int = 200) -> Answering:
    body = content if isinstance(content, bytes) else compact(content)
    return lambda _: (status, signed_headers(body), body)


def without_numbers(content: Mapping[str, object]) -> dict[str, object]:
    """An answer to whichever number."""
    return {name: it for name, it in content.items() if name not in ("out_trade_no", "out_refund_no", "transaction_id")}


CALLS: list[tuple[Callable[[Pay], Awaitable[object]], Answering, str, str, bytes]] = [
    (lambda pay: pay.prepay(BODY), answering({"prepay_id": "wx1"}), "POST", "/v3/pay/transactions/jsapi", BODY),
    (
        lambda pay: pay.query(NUMBER),
        answering(CONTENT),
        "GET",
        f"/v3/pay/transactions/out-trade-no/ord%7C2026%2A0504-0001?mchid={MCHID}",
        b"",
    ),
    (
        lambda pay: pay.query("_-|*" * 8),
        answering(without_numbers(CONTENT)),
        "GET",
        f"/v3/pay/transactions/out-trade-no/{'_-%7C%2A' * 8}?mchid={MCHID}",
        b"",
    ),
    (
        lambda pay: pay.query_transaction(TRANSACTION_ID),
        answering(CONTENT),
        "GET",
        f"/v3/pay/transactions/id/{TRANSACTION_ID}?mchid={MCHID}",
        b"",
    ),
    (
        lambda pay: pay.close(NUMBER),
        answering(b"", 204),
        "POST",
        "/v3/pay/transactions/out-trade-no/ord%7C2026%2A0504-0001/close",
        b'{"mchid":"%s"}' % MCHID.encode(),
    ),
    (lambda pay: pay.refund(BODY), answering(REFUND), "POST", "/v3/refund/domestic/refunds", BODY),
    (
        lambda pay: pay.query_refund(REFUND_NUMBER),
        answering(REFUND),
        "GET",
        "/v3/refund/domestic/refunds/rfd%7C2026%2A0504%400001",
        b"",
    ),
]


@pytest.mark.parametrize(("call", "answer", "method", "target", "body"), CALLS, ids=range(len(CALLS)))
async def test_the_bytes_on_the_wire_are_the_bytes_that_were_signed(
    call: Callable[[Pay], Awaitable[object]], answer: Answering, method: str, target: str, body: bytes
) -> None:
    async with serve_raw(answer) as server, open_pay(None, address=server.address) as pay:
        await call(pay)

    [request] = server.requests
    assert (request.method, request.target, request.body) == (method, target, body)
    nonce = assert_signed_by_merchant(request.method, request.target, request.headers["authorization"], request.body)
    assert nonce == "nonce-0"


async def one_request(call: Callable[[Pay], Awaitable[object]], answer: Answering, **options: bool) -> RawRequest:
    async with serve_raw(answer) as server, open_pay(None, address=server.address, **options) as pay:
        await call(pay)
    [request] = server.requests
    return request


async def test_the_headers_of_a_post() -> None:
    request = await one_request(*CALLS[0][:2])

    assert {name: it for name, it in request.headers.items() if name not in ("authorization", "host")} == {
        "accept": "application/json",
        "accept-encoding": "identity",
        "accept-language": "zh-CN",
        "connection": "keep-alive",
        "content-length": str(len(BODY)),
        "content-type": "application/json",
        "user-agent": "AppletQL (WeChat Pay API v3)",
        "wechatpay-serial": KEY_ID,
    }


async def test_a_get_has_neither_body_nor_content_type() -> None:
    request = await one_request(*CALLS[1][:2])

    assert {"content-type", "content-length", "transfer-encoding"}.isdisjoint(request.headers)


async def test_each_call_returns_what_wechat_says() -> None:
    transaction = signed(CONTENT)
    refund = signed(REFUND)
    fake = FakePay([signed({"prepay_id": PREPAY_ID}), transaction, transaction, refund, refund, signed(b"", 204)])
    async with open_pay(fake) as pay:
        assert await pay.prepay(BODY) == PREPAY_ID
        for found in (await pay.query(NUMBER), await pay.query_transaction(TRANSACTION_ID)):
            assert isinstance(found, Transaction)
            assert (found.trade_state, found.total) == ("SUCCESS", 1999)
        for answer in (await pay.refund(BODY), await pay.query_refund(REFUND_NUMBER)):
            assert isinstance(answer, RefundAnswer)
            assert (answer.status, answer.refund, answer.total) == ("PROCESSING", 500, 1999)
        await pay.close(NUMBER)

    assert len(fake.requests) == 6
    assert fake.nonces == [f"nonce-{turn}" for turn in range(6)]


@pytest.mark.parametrize("number", ["", "a/b", "..", "a?b", "a b", "订单", "a" * 65, "a\n", "a%7C", "ord.1"])
async def test_a_number_that_cannot_be_one_is_not_sent(number: str) -> None:
    fake = FakePay([signed(CONTENT)])
    async with open_pay(fake) as pay:
        for call in (pay.query, pay.query_transaction, pay.close, pay.query_refund):
            with pytest.raises(CallerBug):
                await call(number)

    assert fake.requests == []


async def test_a_204_is_signed_with_an_empty_line() -> None:
    async with open_pay(FakePay([signed(b"", 204)])) as pay:
        await pay.close(NUMBER)
