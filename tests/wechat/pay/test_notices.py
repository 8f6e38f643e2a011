"""Notices: believed with a fresh signature of WeChat's, opened with any APIv3 key, refused by name otherwise."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.wechat.pay.fake_pay import (
    APPID,
    CONTENT,
    KEY_ID,
    MCHID,
    NOW,
    NUMBER,
    OLD_APIV3_KEY,
    OPENID,
    REFUND_NUMBER,
    TRANSACTION_ID,
    FakePay,
    certificate,
    certificate_entry,
    compact,
    notice,
    open_pay,
    seal,
    signed,
    signed_headers,
)
from wechat.errors import Unavailable, WeChatError
from wechat.pay import errors
from wechat.pay.notices import Notice
from wechat.pay.results import RefundAnswer, Transaction

pytestmark = pytest.mark.anyio

REFUNDED: dict[str, Any] = {
    "mchid": MCHID,
    "transaction_id": TRANSACTION_ID,
    "out_trade_no": NUMBER,
    "refund_id": "50200207182018070300011301001",
    "out_refund_no": REFUND_NUMBER,
    "refund_status": "SUCCESS",
    "success_time": "2026-05-04T11:02:00+08:00",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 1999, "refund": 500, "payer_total": 999, "payer_refund": 250},
}


async def opened(body: bytes, headers: dict[str, str] | None = None) -> Notice:
    async with open_pay(FakePay([httpx.Response(500)])) as pay:
        return await pay.open_notice(signed_headers(body) if headers is None else headers, body)


async def refused(body: bytes, headers: dict[str, str] | None = None) -> WeChatError:
    with pytest.raises(errors.NoticeRefused) as raised:
        await opened(body, headers)
    assert raised.value.__context__ is None
    assert not isinstance(raised.value, Unavailable)
    assert (raised.value.path, raised.value.rid) == ("notice", None)
    return raised.value


async def test_a_payment_is_opened() -> None:
    found = await opened(compact(notice()))

    assert found == Notice(
        id="EV-2018022511223320873",
        event_type="TRANSACTION.SUCCESS",
        original_type="transaction",
        content=Transaction(
            mchid=MCHID,
            appid=APPID,
            out_trade_no=NUMBER,
            transaction_id=TRANSACTION_ID,
            trade_state="SUCCESS",
            openid=OPENID,
            total=1999,
            currency="CNY",
            success_time=datetime(2026, 5, 4, 3, 1, 59, tzinfo=UTC),
        ),
        plaintext=compact(CONTENT).decode(),
        summary="支付成功",
        created=datetime(2026, 5, 4, 3, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize("status", ["SUCCESS", "CLOSED", "ABNORMAL", "SOMETHING_NEW"])
async def test_a_refund_is_opened_with_the_status_of_a_notice(status: str) -> None:
    body = compact(notice(REFUNDED | {"refund_status": status}, event_type=f"REFUND.{status}"))

    assert (await opened(body)).content == RefundAnswer(
        refund_id="50200207182018070300011301001",
        out_refund_no=REFUND_NUMBER,
        transaction_id=TRANSACTION_ID,
        out_trade_no=NUMBER,
        mchid=MCHID,
        status=status,
        refund=500,
        total=1999,
        currency=None,
        success_time=datetime(2026, 5, 4, 3, 2, tzinfo=UTC),
        created=None,
    )


@pytest.mark.parametrize(
    "altered",
    [
        notice(associated_data=""),
        notice(key=OLD_APIV3_KEY),
        notice(original_type=None),
        notice(original_type=""),
        {**notice(), "summary": 1},
        {**notice(), "summary": "\u0000"},
        {**notice(), "create_time": "yesterday"},
        {**notice(), "resource_type": "something"},
        {**notice(), "something": {"new": [1, 2]}},
    ],
    ids=range(9),
)
async def test_what_is_new_or_missing_and_decides_nothing_is_passed_over(altered: dict[str, Any]) -> None:
    content = (await opened(compact(altered))).content

    assert isinstance(content, Transaction)
    assert content.total == 1999


async def test_associated_data_may_be_left_out() -> None:
    body = notice(associated_data="")
    del body["resource"]["associated_data"]

    assert (await opened(compact(body))).content is not None


@pytest.mark.parametrize("plaintext", [CONTENT, b"", b"\xff", b"[]"])
async def test_an_unknown_type_is_a_notice_without_content(plaintext: object) -> None:
    found = await opened(compact(notice(plaintext, event_type="COMPLAINT.CREATE")))

    assert (found.event_type, found.original_type, found.content) == ("COMPLAINT.CREATE", "complaint", None)


@pytest.mark.parametrize("lower", [True, False])
async def test_the_names_of_headers_may_have_any_case(lower: bool) -> None:
    body = compact(notice())
    headers = {(name.lower() if lower else name.upper()): it for name, it in signed_headers(body).items()}

    assert (await opened(body, headers)).content is not None


@pytest.mark.parametrize("seconds", [-299, 299, 300])
async def test_five_minutes_are_fresh(seconds: int) -> None:
    body = compact(notice())

    found = await opened(body, signed_headers(body, at=NOW + timedelta(seconds=seconds)))

    assert found.content is not None


@pytest.mark.parametrize("seconds", [-86_400, -300, 301, 86_400])
async def test_more_is_stale_on_both_sides(seconds: int) -> None:
    body = compact(notice())

    assert type(await refused(body, signed_headers(body, at=NOW + timedelta(seconds=seconds)))) is errors.NoticeStale


BODY = compact(notice())
HEADERS = signed_headers(BODY)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("text", [None, "", " ", "\n", "订单", "x\ny", "x" * 5000], ids=range(7))
async def test_all_four_headers_are_needed_in_their_form(name: str, text: str | None) -> None:
    headers = {key: it for key, it in HEADERS.items() if key != name} | ({} if text is None else {name: text})

    assert type(await refused(BODY, headers)) is errors.NoticeHeadersMissing


@pytest.mark.parametrize("timestamp", ["-1", "+1", "1.5", "1e9", "٣", "0x10", "now", "1 ", "1777777777777"])
async def test_a_time_is_digits(timestamp: str) -> None:
    headers = HEADERS | {"Wechatpay-Timestamp": timestamp}

    assert type(await refused(BODY, headers)) is errors.NoticeHeadersMissing


async def test_a_line_end_in_the_nonce_does_not_move_the_beginning_of_the_body() -> None:
    # Given what WeChat signed, cut so that the first line of the body is taken for the nonce
    body = b"first line\n" + BODY
    headers = signed_headers(body)
    nonce = headers["Wechatpay-Nonce"]

    error = await refused(BODY, headers | {"Wechatpay-Nonce": f"{nonce}\nfirst line"})

    assert type(error) is errors.NoticeHeadersMissing


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS | {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + HEADERS["Wechatpay-Signature"]},
        HEADERS | {"Wechatpay-Signature": HEADERS["Wechatpay-Signature"][:-4]},
        HEADERS | {"Wechatpay-Signature": "AAAA"},
        HEADERS | {"Wechatpay-Signature": "!" * 344},
        HEADERS | {"Wechatpay-Nonce": "another"},
        HEADERS | {"Wechatpay-Timestamp": str(int(NOW.timestamp()) + 1)},
        signed_headers(BODY, key="mallory"),
        signed_headers(BODY + b" "),
    ],
    ids=range(8),
)
async def test_a_signature_of_something_else_is_forged(headers: dict[str, str]) -> None:
    assert type(await refused(BODY, headers)) is errors.NoticeForged


async def test_nothing_is_opened_before_the_signature_is_verified() -> None:
    for body in (b"", b"{", b"\xff", b"[" * 100_000, b"null"):
        assert type(await refused(body, signed_headers(body, key="mallory"))) is errors.NoticeForged
        assert type(await refused(body, {})) is errors.NoticeHeadersMissing


@pytest.mark.parametrize(
    "body", [b"<xml><return_code>SUCCESS</return_code></xml>", b"  \r\n\t<xml/>", b"\xef\xbb\xbf<?xml?>", b"<"]
)
async def test_xml_is_told_first_whatever_else_there_is(body: bytes) -> None:
    assert type(await refused(body, {})) is errors.NoticeIsXml
    assert type(await refused(body, signed_headers(body))) is errors.NoticeIsXml


async def test_an_unknown_serial_is_refused_at_once_and_opens_after_the_fetch_beside() -> None:
    # Given a notice that is signed with a certificate nobody has yet
    serial = f"{0x5F1C:040X}"
    entry = certificate_entry(certificate("fresh", 0x5F1C), serial)
    fake = FakePay([signed({"data": [entry]})])
    headers = signed_headers(BODY, key="fresh", serial=serial.lower())
    async with open_pay(fake) as pay:
        with pytest.raises(errors.UnknownSerial):
            await pay.open_notice(headers, BODY)
        assert fake.requests == []
        async with asyncio.timeout(5):
            while pay.key_ring.lookup(serial) is None:  # noqa: ASYNC110  (a background task of the product)
                await asyncio.sleep(0.001)

        # When WeChat repeats it
        assert (await pay.open_notice(headers, BODY)).content is not None

    assert len(fake.requests) == 1


async def test_forged_serials_fetch_once() -> None:
    fake = FakePay([httpx.Response(404)])
    async with open_pay(fake, monotonic=lambda: 100.0) as pay:
        for number in range(100):
            with pytest.raises(errors.UnknownSerial):
                await pay.open_notice(signed_headers(BODY, serial=f"{number:040X}"), BODY)
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)

    assert len(fake.requests) == 1


UNREADABLE: list[Any] = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff",
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"id":1,"id":2}',
    b'{"id":' + b"9" * 5000 + b"}",
    b'{"id":NaN}',
    {},
    {**notice(), "id": None},
    {**notice(), "id": 1},
    {**notice(), "id": "x" * 65},
    {**notice(), "id": "\u0000"},
    {**notice(), "id": "\ud800"},
    {**notice(), "event_type": ""},
    {**notice(), "event_type": []},
    {**notice(), "resource": None},
    {**notice(), "resource": []},
    notice(original_type=1),
    notice(algorithm=None),
    notice(algorithm="AEAD_AES_128_GCM"),
    notice(algorithm=["AEAD_AES_256_GCM"]),
    notice(ciphertext=None),
    notice(ciphertext=""),
    notice(ciphertext=1),
    notice(ciphertext="%%%%"),
    notice(ciphertext="AAA"),
    notice(ciphertext="订单"),
    {**notice(), "resource": notice()["resource"] | {"nonce": 1}},
    {**notice(), "resource": notice()["resource"] | {"nonce": "\ud800"}},
    notice(associated_data="\x00"),
    notice(b""),
    notice(b"\xff"),
    notice(b"[]"),
    notice(b"[" * 100_000),
    notice(b'{"amount":{"total":' + b"9" * 5000 + b"}}"),
    notice({}),
    notice({**CONTENT, "trade_state": 1}),
    notice({**CONTENT, "amount": {"total": 19.99}}),
    notice({**CONTENT, "amount": {"total": True}}),
    notice({**CONTENT, "amount": {"total": "1999"}}),
    notice({**CONTENT, "amount": {"total": -1}}),
    notice({**CONTENT, "amount": {"total": 2**53}}),
    notice({**CONTENT, "amount": []}),
    notice({**CONTENT, "payer": OPENID}),
    notice({**CONTENT, "mchid": 1900007291}),
    notice({**REFUNDED, "refund_status": None, "status": "SUCCESS"}, event_type="REFUND.SUCCESS"),
]


def encoded(content: Any) -> bytes:
    return content if isinstance(content, bytes) else ascii_json(content)


def ascii_json(content: Any) -> bytes:
    """With escapes, so that what UTF-8 cannot hold can be written."""
    return json.dumps(content).encode("ascii")


@pytest.mark.parametrize("content", UNREADABLE, ids=range(len(UNREADABLE)))
async def test_what_wechat_signed_and_is_no_notice_is_unreadable(content: Any) -> None:
    assert type(await refused(encoded(content))) is errors.NoticeUnreadable


@pytest.mark.parametrize(
    "resource",
    [
        seal(b"{}", key="x" * 32),
        seal(compact(CONTENT)) | {"associated_data": "refund"},
        seal(compact(CONTENT)) | {"associated_data": ""},
        seal(compact(CONTENT)) | {"nonce": "fdasflkja485"},
        *(seal(compact(CONTENT)) | {"nonce": "x" * length} for length in (0, 1, 7, 8, 13, 128, 129, 5000)),
        *(seal(compact(CONTENT)) | {"ciphertext": text} for text in ("AAAA", "A" * 20, "A" * 24, "A" * 400)),
    ],
    ids=range(16),
)
async def test_what_no_key_opens_is_undecipherable(resource: dict[str, Any]) -> None:
    body = compact({**notice(), "resource": {"original_type": "transaction"} | resource})

    error = await refused(body)

    assert type(error) is errors.NoticeUndecipherable
    assert str(error) == "WeChat notice: no APIv3 key opens it"


async def test_the_serial_of_the_public_key_is_not_that_of_a_certificate() -> None:
    assert type(await refused(BODY, signed_headers(BODY, serial=KEY_ID + "0"))) is errors.UnknownSerial
