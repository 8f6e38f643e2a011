"""Keys by serial: the configured one, the certificates, and how rarely these are fetched."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.wechat.pay.fake_pay import (
    APIV3_KEY,
    CONTENT,
    KEY_ID,
    NOW,
    NUMBER,
    OLD_APIV3_KEY,
    FakePay,
    Ticks,
    certificate,
    certificate_entry,
    open_pay,
    private_key,
    public_pem,
    refusal,
    signed,
)
from wechat import errors
from wechat.pay import errors as pay_errors
from wechat.pay.certificates import read_certificates
from wechat.pay.client import Pay
from wechat.pay.key_ring import KeyRing

pytestmark = pytest.mark.anyio

NUMBER_ONE, NUMBER_TWO = 0x0A00024045C4A427599D09BB4E3DE0279F2E813, 0x0B00024045C4A427599D09BB4E3DE0279F2E813
ONE, TWO = f"{NUMBER_ONE:040X}", f"{NUMBER_TWO:040X}"
ENTRY_ONE = certificate_entry(certificate("one", NUMBER_ONE, NOW - timedelta(days=1000)), ONE)
ENTRY_TWO = certificate_entry(certificate("two", NUMBER_TWO, NOW - timedelta(days=1)), TWO, key=OLD_APIV3_KEY)


def download(*entries: object, key: str = "one", serial: str = ONE) -> httpx.Response:
    return signed({"data": list(entries)}, key=key, serial=serial)


def answer_of(serial: str, key: str = "one") -> httpx.Response:
    return signed(CONTENT, serial=serial, key=key)


def paths(fake: FakePay) -> list[str]:
    return [request.url.path.rpartition("/")[2] for request in fake.requests]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  (what is waited for is a background task of the product)
            await asyncio.sleep(0.001)


async def test_the_first_call_fetches_the_certificates_before_it_sends_anything() -> None:
    fake = FakePay([download(ENTRY_ONE), answer_of(ONE), answer_of(ONE)])
    async with open_pay(fake, with_public_key=False) as pay:
        await pay.query(NUMBER)
        await pay.query(NUMBER)

    assert paths(fake) == ["certificates", NUMBER, NUMBER]
    assert "wechatpay-serial" not in fake.requests[0].headers


async def test_many_first_calls_fetch_once() -> None:
    fake = FakePay([download(ENTRY_ONE), answer_of(ONE)])
    async with open_pay(fake, with_public_key=False) as pay:
        await asyncio.gather(*(pay.query(NUMBER) for _ in range(10)))

    assert paths(fake).count("certificates") == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (httpx.ReadTimeout("late"), errors.Unreachable),
        (httpx.Response(502), errors.Unreachable),
        (refusal(403, "RULE_LIMIT"), errors.Unreachable),
        (download(ENTRY_ONE, key="mallory"), errors.Unreachable),
        (refusal(401, "SIGN_ERROR"), pay_errors.PayMisconfigured),
        (refusal(404, "RESOURCE_NOT_EXISTS"), pay_errors.PayMisconfigured),
    ],
    ids=range(6),
)
async def test_without_any_key_nothing_is_sent(reply: httpx.Response | Exception, kind: type[Exception]) -> None:
    fake = FakePay([reply])
    async with open_pay(fake, with_public_key=False) as pay:
        with pytest.raises(errors.WeChatError) as raised:
            await pay.prepay(b"{}")

    assert type(raised.value) is kind
    assert set(paths(fake)) == {"certificates"}
    assert raised.value.__context__ is None


async def test_a_merchant_without_certificates_is_told_to_configure_the_public_key() -> None:
    async with open_pay(FakePay([refusal(404, "RESOURCE_NOT_EXISTS")]), with_public_key=False) as pay:
        with pytest.raises(pay_errors.PayMisconfigured) as raised:
            await pay.refresh_certificates()

    assert "APPLETQL_PAY_PUBLIC_KEY_ID" in raised.value.advice
    assert raised.value.code == "RESOURCE_NOT_EXISTS"


async def test_a_download_is_verified_by_a_certificate_that_it_brings() -> None:
    # Given the ring knows the first certificate, and WeChat signs with the second already
    fake = FakePay([download(ENTRY_ONE), download(ENTRY_ONE, ENTRY_TWO, key="two", serial=TWO)])
    async with open_pay(fake, with_public_key=False) as pay:
        await pay.refresh_certificates()
        assert pay.key_ring.lookup(ONE) is not None

        # When the download brings it
        await pay.refresh_certificates()

        # Then both are known
        assert pay.key_ring.lookup(ONE) == private_key("one").public_key()
        assert pay.key_ring.lookup(TWO) == private_key("two").public_key()


async def test_a_download_may_be_signed_with_the_public_key() -> None:
    async with open_pay(FakePay([signed({"data": [ENTRY_ONE]})])) as pay:
        await pay.refresh_certificates()

        assert pay.key_ring.lookup(ONE) is not None
        assert pay.key_ring.lookup(KEY_ID) is not None


BAD_DOWNLOADS: list[tuple[httpx.Response, type[errors.WeChatError]]] = [
    (download(ENTRY_ONE, key="mallory"), errors.Unverified),
    (signed({"data": [ENTRY_ONE]}, key="one", serial="F" * 40), errors.Unverified),
    (download(ENTRY_ONE, key="two", serial=TWO), errors.Unverified),
    (signed({"data": []}), errors.Unreadable),
    (signed({"data": {}}), errors.Unreadable),
    (signed(b"["), errors.Unreadable),
    (signed({"data": [certificate_entry(certificate("mallory", 7), f"{7:040}", key="x" * 32)]}), errors.Unreadable),
    (refusal(429, "FREQUENCY_LIMITED"), errors.RateLimited),
    (httpx.Response(404), errors.Unreadable),
]


@pytest.mark.parametrize(("reply", "kind"), BAD_DOWNLOADS, ids=range(len(BAD_DOWNLOADS)))
async def test_a_download_that_cannot_be_believed_leaves_the_keys_as_they_are(
    reply: httpx.Response, kind: type[errors.WeChatError]
) -> None:
    async with open_pay(FakePay([signed({"data": [ENTRY_ONE]}), reply])) as pay:
        await pay.refresh_certificates()
        with pytest.raises(errors.WeChatError) as raised:
            await pay.refresh_certificates()

        assert type(raised.value) is kind
        assert pay.key_ring.lookup(ONE) is not None


async def test_a_new_download_replaces_the_last() -> None:
    async with open_pay(FakePay([signed({"data": [ENTRY_ONE]}), signed({"data": [ENTRY_TWO]})])) as pay:
        await pay.refresh_certificates()
        await pay.refresh_certificates()

        assert pay.key_ring.lookup(ONE) is None
        assert pay.key_ring.lookup(TWO) is not None


async def test_certificates_that_wechat_withdraws_are_dropped_where_the_public_key_is_there() -> None:
    async with open_pay(FakePay([signed({"data": [ENTRY_ONE]}), refusal(404, "RESOURCE_NOT_EXISTS")])) as pay:
        await pay.refresh_certificates()
        await pay.refresh_certificates()

        assert pay.key_ring.lookup(ONE) is None
        assert pay.key_ring.lookup(KEY_ID) is not None


def unreadable_entries() -> list[Any]:
    good = ENTRY_ONE
    sealed = good["encrypt_certificate"]
    return [
        None,
        "text",
        [],
        {},
        {**good, "serial_no": None},
        {**good, "serial_no": TWO},
        {**good, "serial_no": "not hexadecimal"},
        {**good, "encrypt_certificate": None},
        {**good, "encrypt_certificate": {**sealed, "algorithm": "RSA"}},
        {**good, "encrypt_certificate": {**sealed, "ciphertext": "%"}},
        {**good, "encrypt_certificate": {**sealed, "nonce": ""}},
        {**good, "encrypt_certificate": {**sealed, "nonce": 1}},
        {**good, "encrypt_certificate": {**sealed, "associated_data": "transaction"}},
        certificate_entry(b"-----BEGIN CERTIFICATE-----", ONE),
        certificate_entry(b"\xff\x00", ONE),
        certificate_entry(certificate("one", 5, NOW - timedelta(days=9), NOW - timedelta(days=1)), f"{5:040}"),
    ]


def test_an_entry_that_cannot_be_used_does_not_spoil_the_others_and_the_newest_is_first() -> None:
    answer = download(*unreadable_entries(), ENTRY_ONE, ENTRY_TWO)

    found = read_certificates(answer.content, (APIV3_KEY, OLD_APIV3_KEY), NOW)

    assert [certificate.serial for certificate in found] == [TWO, ONE]


async def nothing() -> list[Any]:
    return []


@pytest.mark.parametrize(
    ("configured", "asked", "is_found"),
    [
        (KEY_ID, KEY_ID, True),
        (KEY_ID, KEY_ID.lower(), False),
        (KEY_ID, KEY_ID[:-1], False),
        (ONE, ONE.lower(), True),
        (ONE.lower(), ONE, True),
        (ONE, ONE[1:], False),
        (ONE, "0" + ONE, False),
        (ONE, "", False),
    ],
)
async def test_a_serial_is_looked_up_exactly_but_for_the_case_of_hexadecimal(
    configured: str, asked: str, is_found: bool
) -> None:
    pem = public_pem(private_key("wechat"))
    ring = KeyRing(nothing, lambda: NOW, public_key_id=configured, public_key_pem=pem)

    assert (ring.lookup(asked) is not None) is is_found
    await ring.aclose()


@pytest.mark.parametrize(
    ("public_key_id", "public_key_pem"),
    [
        (KEY_ID, None),
        (None, public_pem(private_key("wechat"))),
        (KEY_ID, "not a key"),
        (KEY_ID, certificate("one", NUMBER_ONE).decode()),
        ("PUB_KEY_ID_\n", public_pem(private_key("wechat"))),
        ("公钥", public_pem(private_key("wechat"))),
    ],
    ids=range(6),
)
def test_a_public_key_that_cannot_be_used_is_a_misconfiguration(
    public_key_id: str | None, public_key_pem: str | None
) -> None:
    with pytest.raises(errors.Misconfigured) as raised:
        KeyRing(nothing, lambda: NOW, public_key_id=public_key_id, public_key_pem=public_key_pem)

    assert "APPLETQL_PAY_PUBLIC_KEY_FILE" in raised.value.advice
    assert raised.value.__context__ is None


async def test_an_unknown_serial_is_unknown_at_once_and_known_after_the_fetch_beside() -> None:
    # Given an answer that is signed with a certificate nobody has yet
    fake = FakePay([answer_of(ONE), signed({"data": [ENTRY_ONE]}), answer_of(ONE)])
    async with open_pay(fake) as pay:
        with pytest.raises(errors.Unverified, match="unknown key"):
            await pay.query(NUMBER)
        await until(lambda: len(fake.requests) == 2)
        await until(lambda: pay.key_ring.lookup(ONE) is not None)

        assert (await pay.query(NUMBER)).trade_state == "SUCCESS"

    assert paths(fake) == [NUMBER, "certificates", NUMBER]


@pytest.mark.parametrize(
    ("reply", "requests"),
    [(signed({"data": [ENTRY_ONE]}), 1), (httpx.Response(500), 2), (httpx.ReadTimeout("late"), 2)],
    ids=["certificates", "500", "late"],
)
async def test_a_hundred_unknown_serials_fetch_once_a_minute(reply: httpx.Response | Exception, requests: int) -> None:
    fake = FakePay([reply])
    ticks = Ticks()
    async with open_pay(fake, monotonic=ticks) as pay:

        async def a_hundred_serials() -> int:
            for number in range(100):
                assert pay.key_ring.lookup(f"{number:040X}") is None
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            return len(fake.requests)

        assert await a_hundred_serials() == requests
        ticks.now += 59.9
        assert await a_hundred_serials() == requests
        ticks.now += 0.1
        assert await a_hundred_serials() == 2 * requests


async def test_a_serial_that_no_certificate_can_have_fetches_nothing() -> None:
    fake = FakePay([httpx.Response(500)])
    async with open_pay(fake) as pay:
        for serial in ("PUB_KEY_ID_2", "", "x" * 40, "F" * 65, "F\n" * 20, "F" * 7):
            assert pay.key_ring.lookup(serial) is None
        await asyncio.sleep(0.02)

    assert fake.requests == []


@pytest.mark.parametrize("with_public_key", [True, False])
async def test_when_certificates_are_due(with_public_key: bool) -> None:
    ticks = Ticks()
    key = "wechat" if with_public_key else "one"
    serial = KEY_ID if with_public_key else ONE
    answer = signed({"data": [ENTRY_ONE]}, key=key, serial=serial)
    async with open_pay(FakePay([answer]), monotonic=ticks, with_public_key=with_public_key) as pay:
        ring = pay.key_ring
        assert ring.needs_refresh(NOW) is not with_public_key

        await ring.refresh()
        ticks.now += 60

        due = [ring.needs_refresh(NOW + timedelta(hours=hours)) for hours in (0, 11, 12, 13)]
        assert due == [False, False, True, True]


async def test_a_failed_fetch_is_not_due_again_within_a_minute() -> None:
    ticks = Ticks()
    async with open_pay(FakePay([httpx.Response(500)]), monotonic=ticks, with_public_key=False) as pay:
        with pytest.raises(errors.Busy):
            await pay.refresh_certificates()

        assert not pay.key_ring.needs_refresh(NOW)
        ticks.now += 60
        assert pay.key_ring.needs_refresh(NOW)


async def test_closing_waits_for_the_fetch_and_lets_none_begin() -> None:
    gate = asyncio.Event()
    asked = 0

    async def wait(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        await gate.wait()
        return signed({"data": [ENTRY_ONE]})

    async with open_pay(wait) as pay:
        assert pay.key_ring.lookup(ONE) is None
        closing = asyncio.create_task(pay.aclose())
        await asyncio.sleep(0.02)
        assert not closing.done()
        gate.set()
        await closing
        assert pay.key_ring.lookup(ONE) is not None

        with pytest.raises(errors.Unavailable, match="closed"):
            await pay.refresh_certificates()
    assert asked == 1


async def test_a_fault_of_the_fetch_itself_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> list[Any]:
        raise RuntimeError(APIV3_KEY)

    def logged() -> list[tuple[int, str]]:
        records = [record for record in caplog.records if record.name == "wechat.pay.key_ring"]
        return [(record.levelno, record.getMessage()) for record in records]

    ring = KeyRing(broken, lambda: NOW)
    assert ring.lookup(ONE) is None
    await until(lambda: bool(logged()))
    await ring.aclose()

    assert logged() == [(logging.ERROR, "WeChat Pay /v3/certificates: a fetch failed on RuntimeError")]


async def test_a_caller_that_leaves_does_not_stop_the_fetch_of_the_others() -> None:
    gate = asyncio.Event()

    async def wait(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("certificates"):
            await gate.wait()
            return download(ENTRY_ONE)
        return answer_of(ONE)

    async with open_pay(wait, with_public_key=False) as pay:
        leaving, staying = (asyncio.create_task(_query(pay)) for _ in range(2))
        await asyncio.sleep(0.02)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        gate.set()

        assert await staying == "SUCCESS"


async def _query(pay: Pay) -> str:
    return (await pay.query(NUMBER)).trade_state
