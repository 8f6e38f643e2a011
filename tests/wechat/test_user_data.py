"""Data from the phone: signatures, opening, watermarks, and which of two keys fits."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import client_data
from tests.wechat.scripted import NEW_SESSION_KEY, SESSION_KEY
from tests.wechat.sealing import (
    APPID,
    ENCRYPTED,
    JUST_AFTER,
    OFFICIAL,
    SEALED_AT,
    SIGNED,
    WATERMARK,
    WRONG_IV,
    compact,
    flips,
    seal,
    seal_padded,
)
from tests.wechat.test_strict_json import objects
from wechat import user_data_errors as errors
from wechat.user_data import LONGEST_DATA, Opened, check_raw_data, check_watermark, open_encrypted, with_fitting_key

KEY = ENCRYPTED["session_key"]
TEXT, IV = OFFICIAL.texts
ZEROS = base64.b64encode(bytes(16)).decode()

session_keys = st.binary(min_size=16, max_size=16).map(lambda key: base64.b64encode(key).decode())


def signed(raw_data: str, session_key: str = KEY) -> str:
    return hashlib.sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def failure(read: Callable[[], object]) -> errors.UserDataError | None:
    """The failure, which holds on to nothing; any error of somebody else's escapes."""
    try:
        read()
    except errors.UserDataError as error:
        assert error.__context__ is None  # noqa: PT017  (either outcome may be right)
        return error
    return None


def kind_of(read: Callable[[], object]) -> type[errors.UserDataError] | None:
    error = failure(read)
    return None if error is None else type(error)


# ---------------------------------------------------------------- rawData


def test_the_published_raw_data_is_taken() -> None:
    content = check_raw_data(SIGNED["rawData"], SIGNED["signature"], SIGNED["session_key"])

    assert content == json.loads(SIGNED["rawData"])
    assert content["nickName"] == "Band"


def test_no_signature_with_one_bit_flipped_is_taken() -> None:
    digest, text = bytes.fromhex(SIGNED["signature"]), SIGNED["signature"].encode()
    signatures = [
        *(flipped.hex() for flipped in flips(digest)),
        *(flipped.decode("latin-1") for flipped in flips(text)),
    ]

    kinds = [
        kind_of(partial(check_raw_data, SIGNED["rawData"], signature, SIGNED["session_key"]))
        for signature in signatures
    ]

    assert len(kinds) == 160 + 320
    assert set(kinds) == {errors.SignatureMismatch, errors.MalformedSignature}


def test_no_raw_data_with_one_bit_flipped_is_taken() -> None:
    for flipped in flips(SIGNED["rawData"].encode()):
        with pytest.raises(errors.UserDataError):
            check_raw_data(flipped.decode("utf-8", "surrogateescape"), SIGNED["signature"], SIGNED["session_key"])


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "75e81c",
        SIGNED["signature"].upper(),
        SIGNED["signature"] + "\n",
        " " + SIGNED["signature"],
        "é" * 40,
        "٣" * 40,
    ],
)
def test_a_signature_is_forty_lower_case_hexadecimal_digits(signature: str) -> None:
    assert kind_of(lambda: check_raw_data(SIGNED["rawData"], signature, SIGNED["session_key"])) is (
        errors.MalformedSignature
    )


@pytest.mark.parametrize(
    "raw_data",
    [SIGNED["rawData"] + " ", json.dumps(json.loads(SIGNED["rawData"])), "", SIGNED["rawData"].replace("/", "\\/")],
    ids=["a blank more", "written again", "empty", "escaped"],
)
def test_raw_data_counts_as_it_was_received(raw_data: str) -> None:
    assert kind_of(lambda: check_raw_data(raw_data, SIGNED["signature"], SIGNED["session_key"])) is (
        errors.SignatureMismatch
    )


def test_another_key_does_not_fit_the_signature() -> None:
    error = failure(lambda: check_raw_data(SIGNED["rawData"], SIGNED["signature"], KEY))

    assert isinstance(error, errors.KeyDoesNotFit)


@pytest.mark.parametrize("raw_data", ["", "[]", "null", '{"a": NaN}', '{"a": 1, "a": 2}', "{"])
def test_signed_raw_data_must_be_an_object(raw_data: str) -> None:
    assert kind_of(lambda: check_raw_data(raw_data, signed(raw_data), KEY)) is errors.NotAnObject


def test_raw_data_may_be_in_any_script() -> None:
    raw_data = '{"nickName":"微信🀄","is_demote":true}'

    assert check_raw_data(raw_data, signed(raw_data), KEY) == {"nickName": "微信🀄", "is_demote": True}


def test_raw_data_has_a_longest_size() -> None:
    longest = '{"a":"' + "x" * (LONGEST_DATA - 8) + '"}'

    assert check_raw_data(longest, signed(longest), KEY)
    assert kind_of(lambda: check_raw_data(longest + " ", signed(longest + " "), KEY)) is errors.WrongLength


def test_a_lone_surrogate_is_no_text() -> None:
    assert kind_of(lambda: check_raw_data("\ud800", SIGNED["signature"], KEY)) is errors.Malformed


# ---------------------------------------------------------------- encryptedData


def test_the_published_data_opens() -> None:
    content = open_encrypted(ENCRYPTED["encryptedData"], ENCRYPTED["iv"], KEY)

    assert content == json.loads(ENCRYPTED["plaintext"])
    check_watermark(content, appid=APPID, now=JUST_AFTER, max_age=300)


def test_a_wrong_iv_is_refused_although_the_padding_is_right() -> None:
    # Given the same bytes with the first block as the wrong iv makes it, and the right padding
    first_block = bytes.fromhex(WRONG_IV["first_block"])
    assert (
        seal(first_block + ENCRYPTED["plaintext"].encode()[16:], iv=base64.b64decode(WRONG_IV["iv"])).texts[0] == TEXT
    )

    # When it is opened
    error = failure(lambda: open_encrypted(TEXT, WRONG_IV["iv"], KEY))

    # Then what stops it comes after the padding
    assert isinstance(error, errors.NotOpened)
    assert error.detail == "JSON object"


def test_a_plus_that_became_a_space_is_repaired() -> None:
    assert "+" in TEXT
    sealed_iv = base64.b64encode(b"\xfb\xef\xbe" * 5 + b"\xfb").decode()
    text, iv = seal(b'{"a":1}', iv=base64.b64decode(sealed_iv)).texts
    assert "+" in iv

    assert open_encrypted(TEXT.replace("+", " "), IV, KEY) == json.loads(ENCRYPTED["plaintext"])
    assert open_encrypted(text, iv.replace("+", " "), KEY) == {"a": 1}


@pytest.mark.parametrize(
    "spoil",
    [
        *(lambda text: text[:-1], lambda text: text + "=", lambda text: text.rstrip("="), lambda text: text + "AAAA"),
        *(lambda text: text + "\n", lambda text: "\t" + text, lambda text: text[:8] + "\r\n" + text[8:]),
        *(lambda text: " " + text, lambda text: text + " ", lambda text: text[:8] + "\u00a0" + text[8:]),
        *(lambda text: "-" + text[1:], lambda text: "_" + text[1:], lambda text: "é" + text[1:]),
        *(lambda text: "\ud800" + text[1:], lambda text: "=" + text[1:], lambda text: "*" + text[1:]),
        # The same bytes, written in another way: bits behind the last byte.
        lambda text: text[:-3] + chr(ord(text[-3]) + 1) + "==",
    ],
)
def test_base64_is_strict(spoil: Callable[[str], str]) -> None:
    assert TEXT.endswith("w==")
    assert IV.endswith("A==")

    assert kind_of(lambda: open_encrypted(spoil(TEXT), IV, KEY)) is errors.MalformedBase64
    assert kind_of(lambda: open_encrypted(TEXT, spoil(IV), KEY)) is errors.MalformedBase64


@pytest.mark.parametrize("size", [0, 1, 12, 15, 17, 32])
def test_an_iv_has_sixteen_bytes(size: int) -> None:
    assert kind_of(lambda: open_encrypted(TEXT, base64.b64encode(bytes(size)).decode(), KEY)) is errors.WrongIv


@pytest.mark.parametrize("size", [0, 1, 15, 17, 399])
def test_data_comes_in_whole_blocks(size: int) -> None:
    assert kind_of(lambda: open_encrypted(base64.b64encode(bytes(size)).decode(), IV, KEY)) is errors.WrongLength


def test_data_has_a_longest_size() -> None:
    room = LONGEST_DATA // 4 * 3
    assert room % 16 == 0

    assert open_encrypted(*seal(b'{"a":"' + b"x" * (room - 9) + b'"}').texts, KEY)
    assert kind_of(lambda: open_encrypted(*seal(b'{"a":"' + b"x" * room + b'"}').texts, KEY)) is errors.WrongLength
    assert kind_of(lambda: open_encrypted(TEXT, "A" * (LONGEST_DATA + 4), KEY)) is errors.WrongLength


@pytest.mark.parametrize(
    "padded",
    [
        b'{"a":1}'.ljust(16, b"\x00"),
        b'{"a":1}'.ljust(16, b"\x0a"),
        b'{"a":1}' + b"\x08" + b"\x09" * 8,
        b'{"a":12345678}'.ljust(15) + b"\x00",
        b'{"a":1}'.ljust(15) + b"\x11",
        b'{"a":1}'.ljust(32, b"\x19"),
        bytes(16),
    ],
)
def test_the_padding_is_checked_whole(padded: bytes) -> None:
    error = failure(lambda: open_encrypted(*seal_padded(padded).texts, KEY))

    assert isinstance(error, errors.NotOpened)
    assert error.detail == "padding"


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"null",
        b"[]",
        b'"{}"',
        b'{"a":1',
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b"\xef\xbb\xbf{}",
        b"{}{}",
    ],
)
def test_what_opens_must_be_an_object(plaintext: bytes) -> None:
    error = failure(lambda: open_encrypted(*seal(plaintext).texts, KEY))

    assert isinstance(error, errors.NotOpened)
    assert error.detail == "JSON object"


@pytest.mark.parametrize("session_key", [NEW_SESSION_KEY, "", "short", "é" * 24, KEY[:-1]])
def test_another_key_does_not_open(session_key: str) -> None:
    assert kind_of(lambda: open_encrypted(TEXT, IV, session_key)) is errors.NotOpened


@settings(deadline=None)
@given(content=objects, session_key=session_keys, iv=st.binary(min_size=16, max_size=16))
def test_what_the_sandbox_seals_opens_here(content: dict[str, Any], session_key: str, iv: bytes) -> None:
    sealed = client_data.seal(content, session_key, iv)

    assert open_encrypted(sealed["encryptedData"], sealed["iv"], session_key) == content


@settings(deadline=None)
@given(content=objects, session_key=session_keys)
def test_what_the_sandbox_signs_is_taken_here(content: dict[str, Any], session_key: str) -> None:
    raw_data = client_data.to_json_text(content)

    assert check_raw_data(raw_data, client_data.sign(raw_data, session_key), session_key) == content


@settings(deadline=None)
@given(content=objects, keys=st.lists(session_keys, min_size=2, max_size=2, unique=True))
def test_no_other_key_opens(content: dict[str, Any], keys: list[str]) -> None:
    text, iv = seal(compact(content), keys[0]).texts

    assert kind_of(lambda: open_encrypted(text, iv, keys[1])) is errors.NotOpened


@settings(deadline=None)
@given(first=st.text(max_size=60), second=st.text(max_size=60), third=st.text(max_size=60) | session_keys)
def test_no_text_escapes_as_a_foreign_error(first: str, second: str, third: str) -> None:
    assert failure(lambda: open_encrypted(first, second, third))
    assert failure(lambda: open_encrypted(first, IV, third))
    assert failure(lambda: open_encrypted(TEXT, second, third))
    assert failure(lambda: check_raw_data(first, second, KEY))
    assert failure(lambda: check_raw_data(first, SIGNED["signature"], KEY))


# ---------------------------------------------------------------- watermark


NO_TIMESTAMPS: list[Any] = [str(SEALED_AT), float(SEALED_AT), True, [SEALED_AT]]


def watermarked(watermark: Any, *, age: float = 0.0, max_age: float = 300.0, **bounds: float) -> None:
    now = datetime.fromtimestamp(SEALED_AT, UTC) + timedelta(seconds=age)
    check_watermark({"watermark": watermark}, appid=APPID, now=now, max_age=max_age, **bounds)


@pytest.mark.parametrize(
    ("age", "taken"), [(-61, False), (-60, True), (0, True), (0.9, True), (300, True), (301, False), (10**9, False)]
)
def test_a_watermark_is_of_this_time(age: float, taken: bool) -> None:
    assert kind_of(lambda: watermarked(WATERMARK, age=age)) is (None if taken else errors.StaleWatermark)


def test_how_far_ahead_a_phone_may_be_is_an_argument() -> None:
    watermarked(WATERMARK, age=-600, max_ahead=600)

    assert kind_of(lambda: watermarked(WATERMARK, age=-1, max_ahead=0)) is errors.StaleWatermark


@pytest.mark.parametrize("timestamp", [0, -1, 10**30, -(10**400), SEALED_AT * 1000])
def test_a_timestamp_of_another_kind_is_not_of_this_time(timestamp: int) -> None:
    assert kind_of(lambda: watermarked({**WATERMARK, "timestamp": timestamp})) is errors.StaleWatermark


@pytest.mark.parametrize(
    ("watermark", "kind", "detail"),
    [
        (None, errors.MissingField, "watermark"),
        *(("", errors.WrongField, "watermark"), ([], errors.WrongField, "watermark")),
        ({"timestamp": SEALED_AT}, errors.MissingField, "watermark.appid"),
        ({"timestamp": SEALED_AT, "appid": None}, errors.MissingField, "watermark.appid"),
        ({"timestamp": SEALED_AT, "appid": "wx0000000000000000"}, errors.ForeignWatermark, ""),
        ({"timestamp": SEALED_AT, "appid": APPID.upper()}, errors.ForeignWatermark, ""),
        ({"timestamp": SEALED_AT, "appid": [APPID]}, errors.ForeignWatermark, ""),
        ({"timestamp": 0, "appid": "wx0000000000000000"}, errors.ForeignWatermark, ""),
        ({"appid": APPID}, errors.MissingField, "watermark.timestamp"),
        *(
            ({"timestamp": timestamp, "appid": APPID}, errors.WrongField, "watermark.timestamp")
            for timestamp in NO_TIMESTAMPS
        ),
    ],
)
def test_a_watermark_is_whole(watermark: Any, kind: type[errors.UserDataError], detail: str) -> None:
    error = failure(lambda: watermarked(watermark))

    assert type(error) is kind
    assert error.detail == detail
    assert isinstance(error, errors.WrongContent)


# ---------------------------------------------------------------- two keys


@pytest.mark.parametrize("keys", [[KEY], [KEY, NEW_SESSION_KEY], [NEW_SESSION_KEY, KEY]])
def test_the_key_that_opens_the_data_is_told(keys: list[str]) -> None:
    opened = with_fitting_key(keys, lambda key: open_encrypted(TEXT, IV, key))

    assert opened == Opened(KEY, json.loads(ENCRYPTED["plaintext"]))
    assert repr(opened) == "Opened()"


def test_the_key_that_signed_the_data_is_told() -> None:
    keys = [KEY, SIGNED["session_key"]]

    opened = with_fitting_key(keys, lambda key: check_raw_data(SIGNED["rawData"], SIGNED["signature"], key))

    assert opened.session_key == SIGNED["session_key"]


def test_where_no_key_fits_the_first_ones_failure_is_told() -> None:
    tried: list[str] = []

    def read(key: str) -> None:
        tried.append(key)
        raise errors.NotOpened(f"key {len(tried)}")

    error = failure(lambda: with_fitting_key([SESSION_KEY, NEW_SESSION_KEY], read))

    assert tried == [SESSION_KEY, NEW_SESSION_KEY]
    assert isinstance(error, errors.KeyDoesNotFit)
    assert error.detail == "key 1"


def test_no_key_at_all_does_not_fit() -> None:
    assert kind_of(lambda: with_fitting_key([], lambda key: open_encrypted(TEXT, IV, key))) is errors.KeyDoesNotFit


@pytest.mark.parametrize("kind", [errors.ForeignWatermark, errors.MissingField, errors.WrongIv, errors.MalformedBase64])
def test_what_no_other_key_would_mend_is_told_at_once(kind: type[errors.UserDataError]) -> None:
    tried: list[str] = []

    def read(key: str) -> None:
        tried.append(key)
        raise kind

    assert kind_of(lambda: with_fitting_key([SESSION_KEY, NEW_SESSION_KEY], read)) is kind
    assert tried == [SESSION_KEY]


# ---------------------------------------------------------------- messages


@pytest.mark.parametrize(
    "read",
    [
        lambda: check_raw_data(SIGNED["rawData"], "0" * 40, KEY),
        lambda: check_raw_data("\ud800" + SIGNED["rawData"], "0" * 40, KEY),
        lambda: open_encrypted(TEXT, WRONG_IV["iv"], KEY),
        lambda: open_encrypted(TEXT[:-1], IV, KEY),
        lambda: open_encrypted(*seal(b'{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"').texts, KEY),
        lambda: with_fitting_key([NEW_SESSION_KEY, SESSION_KEY[::-1]], lambda key: open_encrypted(TEXT, IV, key)),
        lambda: check_watermark({"watermark": {"appid": "oGZUI0"}}, appid=APPID, now=JUST_AFTER, max_age=1),
    ],
)
def test_a_message_holds_words_written_here(read: Callable[[], object]) -> None:
    error = failure(read)

    assert re.fullmatch(rf"{error.meaning if error else ''}( \([A-Za-z_0-9. ]+\))?", str(error))
    assert not any(private in repr(error) for private in ("oGZUI", KEY, NEW_SESSION_KEY, TEXT[:8], IV[:8], ZEROS))
