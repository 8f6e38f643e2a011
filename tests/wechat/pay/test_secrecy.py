"""No key, openid, number or body in any message, repr or log record, whatever WeChat Pay answers."""

import logging
import traceback
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.wechat.pay.fake_pay import (
    APPID,
    CONTENT,
    MCHID,
    NUMBER,
    PREPAY_ID,
    PRIVATE,
    REFUND,
    REFUND_NUMBER,
    RID,
    TRANSACTION_ID,
    FakePay,
    Ticks,
    compact,
    merchant,
    notice,
    open_pay,
    refusal,
    signed,
    signed_headers,
)
from wechat import errors
from wechat.pay import paths
from wechat.pay.client import Pay
from wechat.pay.codes import ERRORS
from wechat.pay.errors import NoticeRefused

pytestmark = pytest.mark.anyio

BODY = compact({"openid": PRIVATE, "body": "BoDyBoDy"})
SHOWN_NEVER = (*PRIVATE, "BoDyBoDy", "%7C2026", merchant().private_key_pem[60:100], "WECHATPAY2-SHA256")
CALLS: dict[str, Callable[[Pay], Awaitable[object]]] = {
    paths.JSAPI: lambda pay: pay.prepay(BODY),
    paths.BY_OUT_TRADE_NO: lambda pay: pay.query(NUMBER),
    paths.BY_TRANSACTION_ID: lambda pay: pay.query_transaction(TRANSACTION_ID),
    paths.CLOSE: lambda pay: pay.close(NUMBER),
    paths.REFUNDS: lambda pay: pay.refund(BODY),
    paths.REFUND: lambda pay: pay.query_refund(REFUND_NUMBER),
    paths.CERTIFICATES: lambda pay: pay.refresh_certificates(),
}
GARBAGE = " ".join(PRIVATE).encode()
REPLIES: list[httpx.Response | Exception] = [
    *(refusal(status, code) for code in [*ERRORS, "SOMETHING_NEW"] for status in (400, 500)),
    *(httpx.Response(status, content=GARBAGE, headers={"location": NUMBER}) for status in (200, 202, 302, 404, 502)),
    *(signed(content) for content in (CONTENT, REFUND, {"prepay_id": PREPAY_ID}, {"code": NUMBER}, GARBAGE)),
    *(signed(CONTENT | {name: [*PRIVATE]}) for name in CONTENT),
    *(signed(REFUND | {name: [*PRIVATE]}) for name in REFUND),
    signed({"prepay_id": [*PRIVATE]}),
    signed({"data": [*PRIVATE]}),
    signed(CONTENT, serial=NUMBER),
    signed(CONTENT, key="mallory"),
    httpx.ReadTimeout(GARBAGE.decode()),
    httpx.ConnectError(GARBAGE.decode()),
    OSError(GARBAGE.decode()),
]


def shown(error: BaseException) -> str:
    """All that a log or an answer can make of an error and of what hangs on it."""
    lines = traceback.TracebackException.from_exception(error).format()
    return "\n".join([*lines, str(error), repr(error), repr(vars(error)), repr(error.args)])


def private_in(text: str) -> list[str]:
    return [private for private in SHOWN_NEVER if private in text]


@pytest.mark.parametrize("path", CALLS)
async def test_whatever_comes_shows_nothing_private(path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for reply in REPLIES:
        caplog.clear()
        answered = failed = ""
        async with open_pay(FakePay([reply]), backup_address="https://backup.test") as pay:
            try:
                result = await CALLS[path](pay)
            except errors.WeChatError as error:
                failed = shown(error)
            else:
                answered = "" if result == PREPAY_ID else repr(result)
        logged = "\n".join(record.getMessage() + repr(vars(record)) for record in caplog.records)

        assert private_in(logged + failed) == []
        # The numbers of an order are an answer's own; a key or an openid is nobody's to see.
        assert set(private_in(answered)) <= {NUMBER, REFUND_NUMBER, TRANSACTION_ID}
        assert f"WeChat Pay {path} " in logged


@pytest.mark.parametrize("name", [*notice(), *notice()["resource"]])
async def test_a_notice_that_is_refused_shows_nothing_private(name: str) -> None:
    content = notice()
    (content if name in content else content["resource"])[name] = [*PRIVATE]
    body = compact(content)
    async with open_pay(FakePay([httpx.Response(500)])) as pay:
        try:
            text = repr(await pay.open_notice(signed_headers(body), body))
        except NoticeRefused as error:
            text = shown(error)

    assert private_in(text) == []


async def test_parameters_of_a_payment_show_nothing_that_pays() -> None:
    async with open_pay(FakePay([signed(CONTENT)])) as pay:
        params = await pay.payment_params(APPID, PREPAY_ID)

    assert PREPAY_ID in params.package
    assert PREPAY_ID not in repr(params)
    assert params.pay_sign not in repr(params)


async def test_one_line_for_each_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ticks = Ticks()

    def later(reply: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
        def answer(_: httpx.Request) -> httpx.Response:
            ticks.now += 0.25
            return reply

        return answer

    fake = FakePay([later(signed(CONTENT)), later(refusal(403, "NOTENOUGH")), later(signed(CONTENT, key="mallory"))])
    async with open_pay(fake, monotonic=ticks) as pay:
        await pay.query(NUMBER)
        for call in (CALLS[paths.REFUNDS], CALLS[paths.CLOSE]):
            with pytest.raises(errors.WeChatError):
                await call(pay)

    records = [record for record in caplog.records if record.name.startswith("wechat")]
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("DEBUG", f"WeChat Pay {paths.BY_OUT_TRADE_NO} answered code=None rid={RID} ms=250"),
        ("WARNING", f"WeChat Pay {paths.REFUNDS} NotEnough code=NOT_ENOUGH rid={RID} ms=250"),
        ("WARNING", f"WeChat Pay {paths.CLOSE} Unverified code=None rid={RID} ms=250"),
    ]
    assert MCHID not in caplog.text
