"""Values that mean harm, and the operations that carry each of them to every service that takes one."""

import json
from typing import Any

from tests.edge.hostile_documents import CANARY

ALIASES = 10
"""As many as a document may have root fields."""

_ACUTE, _CEDILLA, _OVERLAY = "\u0301", "\u0327", "\u0334"


def _nested(opened: str, closed: str, depth: int = 28) -> Any:
    return json.loads(opened * depth + "1" + closed * depth)


# Each as long as a body of 64 KiB has room for.
HOSTILE_TEXTS = {
    "accents and overlays": "a" + _ACUTE * 14_000 + _OVERLAY * 14_000,
    "accents by turns": "a" + (_ACUTE + _CEDILLA) * 14_000,
    "marks that come apart": "a" + "\u0f73" * 19_000,
    "letters with thirty marks": ("a" + (_ACUTE + _OVERLAY) * 15) * 940,
    "one mark too many": "a" + _OVERLAY * 31,
    "NUL": "x\0y",
    "many NULs": "\0" * 10_000,
    "high surrogate": "x\ud800y",
    "low surrogate": "\udfff",
    "surrogates": "\ud800" * 10_000,
    "60 kB": "a" * 60_000,
    "60 kB of digits": "9" * 60_000,
    "60 kB of Base64": "QUJD" * 15_000,
    "60 kB of brackets": "[" * 60_000,
    "60 kB of percents": "%41" * 20_000,
    "60 kB of steps": "pages/../" * 6_600,
    "60 kB of parameters": "a?" + "b=c&" * 15_000,
    "60 kB of an address": "https://" + "a." * 29_000,
    "blank": " " * 60_000,
    "invisible": "\u200b" * 20_000,
    "turned around": "a\u202eb",
    "line separators": "a" + "\u2028" * 20_000 + "b",
}
HOSTILE_TYPES = {
    "4,000 digits": 10**4_000,
    "minus 4,000 digits": -(10**4_000),
    "more than 32 bits": 2**31,
    "large float": 1e308,
    "truth": True,
    "null": None,
    "deep object": _nested('{"' + CANARY + '":', "}"),
    "deep list": _nested("[", "]"),
    "long list": [CANARY] * 1_900,
}

_PAIR = "{encryptedData: $v, iv: $v}"
MUTATIONS = {
    "login": "login(input: {code: $v, appId: $v, shareCode: $v})",
    "updateProfile": "updateProfile(input: {fields: {nickname: $v, avatarUrl: $v, country: $v, city: $v}})",
    "updateProfile signed": "updateProfile(input: {signed: {rawData: $v, signature: $v}})",
    "updateProfile encrypted": f"updateProfile(input: {{encrypted: {_PAIR}}})",
    "bindPhone": "bindPhone(input: {code: $v})",
    "bindPhone encrypted": f"bindPhone(input: {{encrypted: {_PAIR}}})",
    "deleteAccount": "deleteAccount(code: $v)",
    "createProduct": "createProduct(input: {idempotencyKey: $v, title: $v, description: $v, imageUrl: $v, price: 1})",
    "updateProduct": "updateProduct(input: {id: $id, title: $v, description: $v, imageUrl: $v})",
    "createOrder": "createOrder(input: {items: [{productId: $id, quantity: 1}], idempotencyKey: $v, remark: $v})",
    "payOrder": "payOrder(orderId: $id)",
    "syncOrder": "syncOrder(orderId: $id)",
    "cancelOrder": "cancelOrder(orderId: $id)",
    "refundOrder": "refundOrder(input: {orderId: $id, idempotencyKey: $v, reason: $v})",
    "createShare": "createShare(input: {page: $v, title: $v, imageUrl: $v})",
    "openShare": f"openShare(input: {{code: $v, group: {_PAIR}}})",
    "createProduct price": 'createProduct(input: {idempotencyKey: "k", title: "t", price: $n})',
    "createProduct stock": 'createProduct(input: {idempotencyKey: "k", title: "t", price: 1, stock: $n})',
    "createOrder quantity": 'createOrder(input: {items: [{productId: "p", quantity: $n}], idempotencyKey: "k"})',
    "refundOrder amount": 'refundOrder(input: {orderId: "o", idempotencyKey: "k", amount: $n})',
    "logout": "logout(everywhere: $b)",
}
QUERIES = {
    "product": "product(id: $id) { id }",
    "order": "order(id: $id) { id }",
    "order by number": "order(number: $v) { id }",
    "share": "share(code: $v) { id }",
    "node": "node(id: $id) { id }",
    "products": "products(first: 1, after: $v) { pageInfo { hasNextPage } }",
    "orders": "orders(first: 1, after: $v) { pageInfo { hasNextPage } }",
    "products first": "products(first: $n) { pageInfo { hasNextPage } }",
}
_TYPES = {"$v": "String!", "$id": "ID!", "$n": "Int!", "$b": "Boolean!"}


def hostile_calls(name: str, *, times: int = ALIASES) -> list[tuple[str, bytes]]:
    """Bodies by the name of the value in all their variables: one field, aliased so many times."""
    is_mutation = name in MUTATIONS
    field = f"{MUTATIONS[name]} {{ __typename }}" if is_mutation else QUERIES[name]
    used = {variable: type_ for variable, type_ in _TYPES.items() if f"{variable}," in _ended(field)}
    variables = ", ".join(f"{variable}: {type_}" for variable, type_ in used.items())
    fields = " ".join(f"a{number}: {field}" for number in range(times))
    query = f"{'mutation' if is_mutation else 'query'} ({variables}) {{ {fields} }}"
    values = {
        what: value for what, value in (HOSTILE_TEXTS | HOSTILE_TYPES).items() if name != "logout" or what != "truth"
    }
    return [(what, _body(query, dict.fromkeys((each[1:] for each in used), value))) for what, value in values.items()]


def _ended(field: str) -> str:
    return field.replace("}", ",").replace(")", ",")


def _body(query: str, variables: dict[str, Any]) -> bytes:
    content = {"query": query, "variables": variables}
    try:
        return json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(content).encode()
