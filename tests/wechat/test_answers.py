"""Reading answers: what is believed, what is not, and that garbage never escapes as somebody else's error."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wechat.scripted import PRIVATE, RID
from wechat import errors
from wechat.answers import optional_text, read_object, required_number, required_text
from wechat.http import Answer

PATH = "/some/path"

texts = st.text("ab 0\x00\u4e2d\u200b\ud800", max_size=200)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
answers = st.dictionaries(st.sampled_from(["errcode", "errmsg", "openid", "expires_in"]), json_values)


def answered(body: bytes, status: int = 200) -> Answer:
    return Answer(status, httpx.Headers(), body)


def refused(errmsg: Any) -> errors.WeChatError:
    with pytest.raises(errors.WeChatError) as raised:
        read_object(PATH, answered(json.dumps({"errcode": 99999, "errmsg": errmsg}).encode()))
    return raised.value


@pytest.mark.parametrize("body", [b'{"a": 1}', b'{"errcode": 0, "errmsg": "ok", "a": 1}', b'\n {"errcode":0,"a":1} '])
def test_errcode_absent_or_0_is_success(body: bytes) -> None:
    assert read_object(PATH, answered(body))["a"] == 1


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"123", b'"x"', b"true", b"[]", b'[{"errcode": 0}]', b"<html>", b'{"a": 1', b"{'a': 1}"),
        *(b"\xef\xbb\xbf{}", b'{"a": "\xff"}', b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1}{"a": 2}'),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        *(b'{"errcode": "0"}', b'{"errcode": "40029"}', b'{"errcode": null}', b'{"errcode": 0.0}'),
        *(b'{"errcode": false}', b'{"errcode": true}', b'{"errcode": [0]}', b'{"errcode": {}}'),
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_anything_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(errors.Unreadable) as raised:
        read_object(PATH, answered(body))

    assert raised.value.errcode is None
    # json's errors hold the body
    assert raised.value.__context__ is None


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 404, 412, 429, 500, 502, 503, 504])
def test_another_status_is_no_answer_whatever_its_body_says(status: int) -> None:
    with pytest.raises(errors.Unreadable, match=rf"\(HTTP {status}\)$"):
        read_object(PATH, answered(b'{"errcode": 40029}', status))


@pytest.mark.parametrize(
    ("errmsg", "rid"),
    [
        (f"invalid credential rid: {RID}", RID),
        (f"invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: {RID}", RID),
        ("invalid code, hints: [ req_id: ygwQYZyFe-1a2C ]", "ygwQYZyFe-1a2C"),
        ("invalid code", None),
        (f"rid: {RID}-5ec7", None),
        (f"rid: {RID.upper()}", None),
        ("req_id: " + "a" * 21, None),
        ("req_id: 13800138000", None),
        ("req_id: 138-0013-8000", None),
        ("rid: 5ec7e75ec7e75ec7e75ec7e75ec7e7aa", None),
        *(("", None), (None, None), (7, None), (["rid"], None)),
    ],
)
def test_the_rid_is_taken_in_its_own_shape_alone(errmsg: Any, rid: str | None) -> None:
    assert refused(errmsg).rid == rid


@pytest.mark.parametrize("private", PRIVATE)
def test_nothing_private_passes_for_a_rid(private: str) -> None:
    assert [refused(f"{label}: {private} ").rid for label in ("rid", "req_id")] == [None, None]


def failure(read: Callable[[], object]) -> errors.WeChatError | None:
    try:
        read()
    except errors.WeChatError as error:
        return error
    return None


@settings(deadline=None)
@given(body=st.binary())
def test_no_bytes_escape_as_a_foreign_error(body: bytes) -> None:
    error = failure(lambda: read_object(PATH, answered(body)))

    assert error is None or error.__context__ is None


@settings(deadline=None)
@given(content=answers, status=st.sampled_from([200, 200, 200, 500]))
def test_no_json_escapes_as_a_foreign_error_nor_shows_its_text(content: dict[str, Any], status: int) -> None:
    def read() -> None:
        found = read_object(PATH, answered(json.dumps(content).encode(), status))
        assert required_text(PATH, found, "openid", longest=128).encode()
        assert required_number(PATH, found, "expires_in") > 0

    error = failure(read)

    details = ("HTTP 500", "no JSON object", "errcode is no whole number", "no usable openid", "no usable expires_in")
    allowed = [*details, f"errcode {content.get('errcode')}"]
    assert error is None or str(error) in [f"WeChat {PATH}: {error.meaning} ({detail})" for detail in allowed]


@pytest.mark.parametrize(
    "text", [None, "", 7, True, [], {}, "a" * 129, "a\x00", "a\n", "\ud800", "\u202e", "\u200b"], ids=ascii
)
def test_a_text_field_is_short_and_printable(text: Any) -> None:
    with pytest.raises(errors.Unreadable, match="no usable openid"):
        required_text(PATH, {"openid": text}, "openid", longest=128)


def test_a_text_field_that_is_there_is_given_as_it_is() -> None:
    assert required_text(PATH, {"openid": "a" * 128}, "openid", longest=128) == "a" * 128


@pytest.mark.parametrize("content", [{}, {"unionid": None}, {"unionid": ""}])
def test_an_optional_text_may_be_absent_null_or_empty(content: dict[str, Any]) -> None:
    assert optional_text(PATH, content, "unionid", longest=128) is None


@pytest.mark.parametrize("text", [7, 0, False, [], "a\n", "a" * 129], ids=ascii)
def test_an_optional_text_is_otherwise_as_strict(text: Any) -> None:
    with pytest.raises(errors.Unreadable, match="no usable unionid"):
        optional_text(PATH, {"unionid": text}, "unionid", longest=128)


@pytest.mark.parametrize("number", [None, "7200", 7200.0, True, 0, -1, []], ids=ascii)
def test_a_number_is_whole_and_above_zero(number: Any) -> None:
    with pytest.raises(errors.Unreadable, match="no usable expires_in"):
        required_number(PATH, {"expires_in": number}, "expires_in")
