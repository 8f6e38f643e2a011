"""Whatever comes to the address of notices: the true content, or an error of the tree, and never another value."""

import base64
import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wechat.pay.fake_pay import (
    APIV3_KEY,
    CONTENT,
    KEY_ID,
    NOW,
    compact,
    notice,
    private_key,
    public_pem,
    seal,
    signed_headers,
)
from wechat.pay import errors
from wechat.pay.key_ring import KeyRing
from wechat.pay.notices import Notice, NoticeReader

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
BODY = compact(notice())
HEADERS = signed_headers(BODY)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PARTS = ("algorithm", "ciphertext", "associated_data", "nonce", "original_type")


async def nothing() -> list[Any]:
    return []


def now() -> datetime:
    return NOW


@pytest.fixture(scope="module")
def reader() -> NoticeReader:
    ring = KeyRing(nothing, now, public_key_id=KEY_ID, public_key_pem=public_pem(private_key("wechat")))
    return NoticeReader(ring, (APIV3_KEY,), now)


def outcome(reader: NoticeReader, headers: dict[str, str], body: bytes) -> Notice | errors.NoticeRefused:
    try:
        return reader.open(headers, body)
    except errors.NoticeRefused as error:
        return error


@pytest.mark.parametrize("position", range(0, len(BODY), 7))
def test_of_a_flipped_bit_of_the_body_nothing_is_believed(reader: NoticeReader, position: int) -> None:
    for bit in range(8):
        flipped = bytearray(BODY)
        flipped[position] ^= 1 << bit

        found = outcome(reader, HEADERS, bytes(flipped))

        expected = errors.NoticeIsXml if flipped.startswith(b"<") else errors.NoticeForged
        assert type(found) is expected


def test_of_a_flipped_bit_of_the_signature_nothing_is_believed(reader: NoticeReader) -> None:
    signature = base64.b64decode(HEADERS["Wechatpay-Signature"])
    for position in range(0, len(signature), 5):
        flipped = bytearray(signature)
        flipped[position] ^= 1 << position % 8

        headers = HEADERS | {"Wechatpay-Signature": base64.b64encode(flipped).decode()}

        assert type(outcome(reader, headers, BODY)) is errors.NoticeForged


def test_of_a_flipped_bit_of_the_ciphertext_nothing_is_opened(reader: NoticeReader) -> None:
    # Given somebody who has WeChat's private key and not the APIv3 key
    sealed = seal(compact(CONTENT))
    ciphertext = base64.b64decode(sealed["ciphertext"])
    kinds: Counter[str] = Counter()
    for position in range(0, len(ciphertext), 3):
        flipped = bytearray(ciphertext)
        flipped[position] ^= 1 << position % 8
        body = compact(notice(ciphertext=base64.b64encode(flipped).decode()))

        kinds[type(outcome(reader, signed_headers(body), body)).__name__] += 1

    assert set(kinds) == {"NoticeUndecipherable"}


@QUICK
@given(body=st.binary(max_size=400))
def test_any_bytes_that_wechat_signed_end_in_an_error(reader: NoticeReader, body: bytes) -> None:
    assert isinstance(outcome(reader, signed_headers(body), body), errors.NoticeRefused)


@QUICK
@given(content=JSON)
def test_any_json_that_wechat_signed_ends_in_an_error(reader: NoticeReader, content: Any) -> None:
    body = json.dumps(content).encode()

    assert isinstance(outcome(reader, signed_headers(body), body), errors.NoticeUnreadable)


@QUICK
@given(name=st.sampled_from((*PARTS, "id", "event_type", "summary", "resource", "create_time")), value=JSON)
def test_any_value_in_any_field_of_a_notice_ends_in_a_notice_or_an_error(
    reader: NoticeReader, name: str, value: Any
) -> None:
    content = notice()
    (content["resource"] if name in PARTS else content)[name] = value
    body = json.dumps(content).encode()

    found = outcome(reader, signed_headers(body), body)

    if isinstance(found, Notice) and found.content is not None:
        assert found.content == outcome_of_the_true_one(reader).content


def outcome_of_the_true_one(reader: NoticeReader) -> Notice:
    return reader.open(HEADERS, BODY)


@QUICK
@given(plaintext=st.binary(max_size=200) | JSON.map(lambda content: json.dumps(content).encode()))
def test_any_plaintext_ends_in_an_error(reader: NoticeReader, plaintext: bytes) -> None:
    body = compact(notice(plaintext))

    assert type(outcome(reader, signed_headers(body), body)) is errors.NoticeUnreadable


@QUICK
@given(name=st.sampled_from((*CONTENT, "total", "openid")), value=JSON)
def test_any_value_in_any_field_of_the_content_ends_in_a_notice_or_an_error(
    reader: NoticeReader, name: str, value: Any
) -> None:
    content: dict[str, Any] = json.loads(compact(CONTENT))
    within = {"total": "amount", "openid": "payer"}
    (content[within[name]] if name in within else content)[name] = value
    body = compact(notice(json.dumps(content).encode()))

    found = outcome(reader, signed_headers(body), body)

    assert isinstance(found, Notice) or type(found) is errors.NoticeUnreadable


@QUICK
@given(headers=st.dictionaries(st.sampled_from([*HEADERS, "Other"]), st.text(max_size=40)))
def test_any_headers_end_in_an_error(reader: NoticeReader, headers: dict[str, str]) -> None:
    found = outcome(reader, headers, BODY)

    assert type(found) is errors.NoticeHeadersMissing or not headers.keys().isdisjoint(HEADERS)
    assert isinstance(found, errors.NoticeRefused)
