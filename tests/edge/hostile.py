"""Requests that mean harm, for any GraphQL endpoint: bodies by name here, documents from a seed beside."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.edge.hostile_documents import CANARY, HostileDocument, Words, hostile_documents

__all__ = ["CANARY", "HOSTILE_BODIES", "HostileBody", "HostileDocument", "Words", "hostile_documents"]

JSON_TYPE = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class HostileBody:
    """A POST, and the status that a server in production answers when the client accepts anything."""

    name: str
    body: bytes
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=lambda: JSON_TYPE)


def _query(text: str = "{__typename}", **members: Any) -> bytes:
    return json.dumps({"query": text, **members}).encode()


def _raw(members: str) -> bytes:
    return b'{"query":"{__typename}",' + members.encode() + b"}"


_NOT_JSON = {
    "empty": b"",
    "blank": b" \n\t",
    "truncated": b'{"query":',
    "truncated string": b'{"query":"{__typename}',
    "two values": _query() + _query(),
    "trailing garbage": _query() + b"x",
    "trailing comma": b'{"query":"{__typename}",}',
    "single quotes": b"{'query':'{__typename}'}",
    "unquoted key": b'{query:"{__typename}"}',
    "comment": b'/* x */{"query":"{__typename}"}',
    "bare query": b"{__typename}",
    "form": b"query=%7B__typename%7D",
    "control character in a string": b'{"query":"{__typename\n}"}',
    "NUL alone": b"\x00",
    "NUL after": _query() + b"\x00",
    "invalid UTF-8": b'{"query":"\xff\xfe"}',
    "overlong UTF-8": b'{"query":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"query":"\xed\xa0\x80"}',
    "cut UTF-8": b'{"query":"\xe4\xbd"}',
    "Latin-1": '{"query":"{__typename} # é"}'.encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + _query(),
    "UTF-16": _query().decode().encode("utf-16"),
    "UTF-16 little endian": _query().decode().encode("utf-16-le"),
    "UTF-32": _query().decode().encode("utf-32"),
    "bad escape": b'{"query":"\\x41"}',
    "short escape": b'{"query":"\\u12"}',
    "NaN": _raw('"variables":{"a":NaN}'),
    "Infinity": _raw('"variables":{"a":Infinity}'),
    "minus Infinity": _raw('"variables":{"a":-Infinity}'),
    "overflowing float": _raw('"variables":{"a":1e999}'),
    "overflowing negative float": _raw('"variables":{"a":-1E400}'),
    "integer of 5,000 digits": _raw('"variables":{"a":' + "9" * 5_000 + "}"),
    "number alone of 5,000 digits": b"9" * 5_000,
    "leading zero": _raw('"variables":{"a":007}'),
    "hexadecimal": _raw('"variables":{"a":0x10}'),
    "30,000 arrays deep": b"[" * 30_000,
    "30,000 objects deep": b'{"a":' * 6_000,
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}

_WRONG_SHAPE = {
    "null": b"null",
    "true": b"true",
    "number": b"123",
    "float": b"1.5",
    "string": b'"x"',
    "empty array": b"[]",
    "batch of one": b"[" + _query() + b"]",
    "batch of a thousand": b"[" + b",".join([_query()] * 1_000) + b"]",
    "empty object": b"{}",
    "no query": b'{"operationName":"A"}',
    "persisted query": b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}',
    "query null": b'{"query":null}',
    "query number": b'{"query":1}',
    "query array": b'{"query":["{__typename}"]}',
    "query object": b'{"query":{"a":1}}',
    "second query of a wrong type": b'{"query":"{__typename}","query":7}',
    "variables string": _query(variables="{}"),
    "variables array": _query(variables=[]),
    "variables number": _query(variables=0),
    "variables false": _query(variables=False),
    "operationName number": _query(operationName=0),
    "operationName array": _query(operationName=["A"]),
    "operationName object": _query(operationName={}),
    "operationName false": _query(operationName=False),
    "extensions string": _query(extensions="x"),
    "extensions array": _query(extensions=[]),
    "extensions number": _query(extensions=0),
    "variables 500 deep": _raw('"variables":{"a":' + "[" * 500 + "]" * 500 + "}"),
    "extensions 500 deep": _raw('"extensions":' + '{"a":' * 500 + "1" + "}" * 500),
    "unknown key 500 deep": _raw('"x":' + "[" * 500 + "]" * 500),
    "20,000 values": _query(variables={"a": [1] * 20_000}),
    "6,000 keys": _query(variables={str(number): 1 for number in range(6_000)}),
}

_TOO_LARGE = {
    "a long string": _query(variables={"a": "x" * 65_536}),
    "a long query": _query("{" + " " * 65_536 + "__typename}"),
    "a megabyte": b" " * 1_048_576,
}

_WRONG_TYPE = {
    "no content type": {},
    "text": {"Content-Type": "text/plain"},
    "form content type": {"Content-Type": "application/x-www-form-urlencoded"},
    "multipart": {"Content-Type": "multipart/form-data; boundary=x"},
    "XML": {"Content-Type": "application/xml"},
    "raw GraphQL": {"Content-Type": "application/graphql"},
    "JSON patch": {"Content-Type": "application/json-patch+json"},
    "JSON lines": {"Content-Type": "application/jsonl"},
    "JSON as a parameter": {"Content-Type": "text/plain; x=application/json"},
    "JSON in a list": {"Content-Type": "text/plain, application/json"},
    "charset UTF-16": {"Content-Type": "application/json; charset=utf-16"},
    "charset Latin-1": {"Content-Type": 'application/json; charset="iso-8859-1"'},
    "charset unknown": {"Content-Type": "application/json;charset=x"},
    "gzip": {**JSON_TYPE, "Content-Encoding": "gzip"},
    "brotli": {**JSON_TYPE, "Content-Encoding": "br"},
}

_NOT_ACCEPTABLE = {
    "HTML alone": "text/html",
    "images": "image/*",
    "JSON refused": "application/json;q=0, application/graphql-response+json;q=0",
    "nonsense": "\u007f;;q=x,,/",
    "10,000 ranges": ",".join(["a/b"] * 10_000),
}

HOSTILE_BODIES: tuple[HostileBody, ...] = (
    *(HostileBody(name, body) for name, body in (_NOT_JSON | _WRONG_SHAPE).items()),
    *(HostileBody(name, body, 413) for name, body in _TOO_LARGE.items()),
    *(HostileBody(name, _query(), 415, headers) for name, headers in _WRONG_TYPE.items()),
    *(HostileBody(name, _query(), 406, {**JSON_TYPE, "Accept": accept}) for name, accept in _NOT_ACCEPTABLE.items()),
)
