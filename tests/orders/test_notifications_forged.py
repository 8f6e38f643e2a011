"""A thousand notifications that WeChat did not send, or not to this merchant: nothing changes, none is acknowledged."""

import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from statistics import quantiles
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.pay.notice_messages import PROBE, Message
from sandbox.pay.rows import Notification
from tests.orders.notices import (
    Watch,
    altered,
    incidents_about,
    pay_unseen,
    post,
    post_all,
    post_timed,
    seal,
    tables,
    told,
)
from tests.shop import Shop, open_shop

pytestmark = pytest.mark.anyio

SEED = 20261122
FORGED = 1000
STAMP, NONCE, SIGNATURE, SERIAL = (f"Wechatpay-{name}" for name in ("Timestamp", "Nonce", "Signature", "Serial"))
NAMES = (STAMP, NONCE, SIGNATURE, SERIAL)
STALE = (-86400, -3600, -301, -300, 330, 3600)

Forge = Callable[[Shop, Notification, random.Random, RSAPrivateKey], Message]


def with_headers(message: Message, **given: str | None) -> Message:
    """Headers by the last word of their names; None leaves one out."""
    changed = {f"Wechatpay-{name.capitalize()}": value for name, value in given.items()}
    kept = [(name, changed.get(name, value)) for name, value in message.headers]
    return replace(message, headers=tuple((name, value) for name, value in kept if value is not None))


def header(message: Message, name: str) -> str:
    return dict(message.headers)[name]


def signed(shop: Shop, body: bytes, stamp: str, key: RSAPrivateKey | None = None, **given: Any) -> Message:
    """Any body at any time, with the public key's serial: its signature, or that of a key of somebody else's."""
    wechat, nonce = shop.sandbox.wechat, "0123456789abcdef"
    text = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    serial = wechat.pay.keys.public_key_id
    if key is None:
        signature, _ = wechat.pay.platform.sign(text, serial)
    else:
        signature = base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode()
    fields = {STAMP: stamp, NONCE: nonce, SIGNATURE: signature, SERIAL: serial} | given
    return Message((("Content-Type", "application/json"), *fields.items()), body)


def flipped(text: bytes, dice: random.Random) -> bytes:
    """With one bit changed."""
    changed = bytearray(text)
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def missing(name: str) -> Forge:
    return lambda shop, known, _dice, _key: with_headers(seal(shop, known), **{name.rpartition("-")[2].lower(): None})


def swapped(one: str, other: str) -> Forge:
    def forge(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
        message = seal(shop, known)
        values = dict(message.headers)
        values[one], values[other] = values[other], values[one]
        return replace(message, headers=tuple(values.items()))

    return forge


def at_another_time(seconds: int) -> Forge:
    return lambda shop, known, _dice, _key: signed(shop, seal(shop, known).body, str(int(time.time()) + seconds))


def with_a_new_time(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
    return with_headers(seal(shop, known), timestamp=str(int(time.time()) + 1))


def body_flipped(shop: Shop, known: Notification, dice: random.Random, _key: RSAPrivateKey) -> Message:
    message = seal(shop, known)
    return replace(message, body=flipped(message.body, dice))


def signature_flipped(shop: Shop, known: Notification, dice: random.Random, _key: RSAPrivateKey) -> Message:
    message = seal(shop, known)
    raw = flipped(base64.b64decode(header(message, SIGNATURE)), dice)
    return with_headers(message, signature=base64.b64encode(raw).decode())


def by_another_key(shop: Shop, known: Notification, _dice: random.Random, key: RSAPrivateKey) -> Message:
    return signed(shop, seal(shop, known).body, str(int(time.time())), key)


def by_a_strange_serial(shop: Shop, known: Notification, dice: random.Random, key: RSAPrivateKey) -> Message:
    return signed(shop, seal(shop, known).body, str(int(time.time())), key, **{SERIAL: dice.randbytes(20).hex()})


def as_certificate(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
    return with_headers(seal(shop, known), serial=shop.sandbox.wechat.pay.platform.newest_serial)


def probe(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
    return seal(shop, known, probe=True)


def probe_before_all(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
    message = seal(shop, known)
    return with_headers(message, signature=PROBE + header(message, SIGNATURE))


def body_of_another(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
    return replace(seal(shop, known), body=seal(shop, altered(shop, known, transaction_id="4200")).body)


def of_another(**fields: Any) -> Forge:
    return lambda shop, known, _dice, _key: seal(shop, altered(shop, known, **fields))


def resealed(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
    """Signed by WeChat, and sealed with a key that this merchant does not have."""
    content = json.loads(seal(shop, known).body)
    plain = json.dumps(known.resource).encode()
    sealed = AESGCM(b"another-apiv3-key-of-another-mch").encrypt(b"0123456789ab", plain, b"transaction")
    content["resource"] |= {"nonce": "0123456789ab", "ciphertext": base64.b64encode(sealed).decode()}
    return signed(shop, json.dumps(content).encode(), str(int(time.time())))


def with_resource(**fields: Any) -> Forge:
    def forge(shop: Shop, known: Notification, _dice: random.Random, _key: RSAPrivateKey) -> Message:
        content = json.loads(seal(shop, known).body)
        content["resource"] |= fields
        return signed(shop, json.dumps(content).encode(), str(int(time.time())))

    return forge


FORGERIES: dict[str, tuple[int, Forge]] = {
    **{f"without {name}": (401, missing(name)) for name in NAMES},
    **{f"{one} for {other}": (401, swapped(one, other)) for one, other in combinations(NAMES, 2)},
    **{f"{seconds} seconds": (401, at_another_time(seconds)) for seconds in STALE},
    "a new time on an old signature": (401, with_a_new_time),
    "a bit of the body": (401, body_flipped),
    "a bit of the signature": (401, signature_flipped),
    "another key": (401, by_another_key),
    "a strange serial": (401, by_a_strange_serial),
    "the certificate's serial": (401, as_certificate),
    "probe": (401, probe),
    "probe before a good signature": (401, probe_before_all),
    "another notice's body": (401, body_of_another),
    "another merchant": (400, of_another(mchid="1900000109")),
    "another mini program": (400, of_another(appid="wx0000000000000000")),
    "another merchant's order": (400, of_another(mchid="1900000109", out_trade_no="20261121000000000000")),
    "another APIv3 key": (400, resealed),
    "another algorithm": (400, with_resource(algorithm="AES_256_CBC")),
    "other associated data": (400, with_resource(associated_data="refund")),
    "another kind": (400, with_resource(original_type="coupon")),
}


async def test_rule_15_a_thousand_forged_notifications_change_nothing(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, key = random.Random(SEED), generate_private_key(65537, 2048)
    async with open_shop(database_url) as shop:
        # given
        await shop.notifications("drop")
        buyer, tea = await shop.buyer(), await shop.product(stock=100)
        numbers = [(await shop.ordered(buyer, tea))["order"]["number"] for _ in range(8)]
        known = [await pay_unseen(shop, number) for number in numbers]
        wanted = [list(FORGERIES)[index % len(FORGERIES)] for index in range(FORGED)]
        messages = [FORGERIES[name][1](shop, dice.choice(known), dice, key) for name in wanted]
        before = await tables(shop)
        # when
        answers = await post_timed(shop.url, messages, Watch())
        # then
        found = {(name, answer.status) for name, answer in zip(wanted, answers, strict=True)}
        assert found == {(name, status) for name, (status, _) in FORGERIES.items()}
        assert {json.loads(answer.body)["code"] for answer in answers} == {"FAIL"}
        assert await tables(shop) == before
        assert (await shop.state())["calls"]["/v3/certificates"] == 1
        # when
        genuine = await post_all(shop.url, [seal(shop, each) for each in known])
        # then
        assert Counter(answer.status for answer in genuine) == {204: len(known)}
        assert await shop.unpaid(buyer) == 0
        took = sorted(answer.seconds for answer in answers)
        with capsys.disabled():
            kind = database_url.partition(":")[0]
            print(  # noqa: T201  (what was measured)
                f"\nforged on {kind}: slowest {took[-1]:.3f} s, "
                f"99 % within {quantiles(took, n=100)[98]:.3f} s (seed {SEED})"
            )


async def test_rule_15_an_order_that_is_not_here_is_told_once_and_asked_for_again(shop: Shop) -> None:
    # given
    await shop.notifications("drop")
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    known = await pay_unseen(shop, order["number"])
    unknown = altered(shop, known, out_trade_no="20261121999999999999")
    without_number = altered(shop, known, out_trade_no="", transaction_id="4200000000000000000000000001")
    # when
    messages = [seal(shop, each) for each in (unknown, without_number) for _ in range(10)]
    answers = await post_all(shop.url, messages)
    # then
    assert {answer.status for answer in answers} == {500}
    for each in (unknown, without_number):
        assert await incidents_about(shop, each.resource["transaction_id"]) == [("payment_unknown", "")]
    assert (await shop.row(order["id"])).status == "PENDING"


async def test_rule_15_a_notice_that_came_before_its_order_is_taken_when_it_is_sent_again(shop: Shop) -> None:
    # given
    await shop.notifications("drop")
    buyer = await shop.buyer()
    order = (await shop.ordered(buyer, await shop.product()))["order"]
    notice = await pay_unseen(shop, order["number"])
    early = altered(shop, notice, out_trade_no="20261121888888888888")
    assert (await post(shop, seal(shop, early))).status == 500
    # when
    early.resource["out_trade_no"] = order["number"]
    answer = await post(shop, seal(shop, early))
    # then
    assert answer.status == 204
    assert (await shop.show(buyer, order["id"]))["status"] == "PAID"
    assert told(shop, order["number"]) is notice
