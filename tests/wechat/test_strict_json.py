"""Strict JSON: one object, or nothing."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wechat.strict_json import parse_object

texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(texts, values, max_size=5)


@pytest.mark.parametrize("body", [b"{}", b' {"a": {"a": 1.5}} \n', '{"a":"微信\\n"}'.encode()])
def test_an_object_is_read(body: bytes) -> None:
    assert parse_object(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"[{}]", b'"{}"', b"1", b"{}{}", b"{'a': 1}", b'{"a": 1,}', b"{a: 1}"),
        *(b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'{"a": {"b": 1, "b": 2}}', b'[{"a": 1, "a": 2}]'),
        *(b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": -1e999}'),
        *(b'{"a": "\n"}', b'{"a": "\x00"}', b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc0\xaf"}'),
        *(b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a": ' + b"9" * 5000 + b"}", b'{"a":' * 100_000),
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_anything_else_is_nothing(body: bytes) -> None:
    assert parse_object(body) is None


@settings(deadline=None)
@given(content=objects, as_ascii=st.booleans())
def test_what_json_writes_is_read(content: dict[str, Any], as_ascii: bool) -> None:
    assert parse_object(json.dumps(content, ensure_ascii=as_ascii).encode()) == content


@settings(deadline=None)
@given(body=st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    content = parse_object(body)

    assert content is None or isinstance(content, dict)
