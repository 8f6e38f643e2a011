"""What a merchant must be configured with, and what it shows of it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from tests.wechat.pay.fake_pay import (
    APIV3_KEY,
    MCHID,
    MERCHANT_SERIAL,
    OLD_APIV3_KEY,
    merchant,
    private_key,
    private_pem,
    public_pem,
)
from wechat.errors import Misconfigured
from wechat.pay.merchant import Merchant

PEM = private_pem(private_key("merchant"))
ENCRYPTED = private_key("merchant").private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
)
SHORT = private_pem(generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505  (too short is what is refused)
OTHER_KIND = private_pem(ec.generate_private_key(ec.SECP256R1()))

WRONG: dict[str, tuple[str, str, str, tuple[str, ...], str]] = {
    "no merchant": ("", MERCHANT_SERIAL, PEM, (APIV3_KEY,), "APPLETQL_MCHID"),
    "a merchant with a quote": ('1"', MERCHANT_SERIAL, PEM, (APIV3_KEY,), "APPLETQL_MCHID"),
    "no serial": (MCHID, "", PEM, (APIV3_KEY,), "APPLETQL_MCH_SERIAL"),
    "a serial with colons": (MCHID, "0A:1B:2C:3D", PEM, (APIV3_KEY,), "APPLETQL_MCH_SERIAL"),
    "no key": (MCHID, MERCHANT_SERIAL, "", (APIV3_KEY,), "APPLETQL_MCH_KEY_FILE"),
    "a public key": (
        MCHID,
        MERCHANT_SERIAL,
        public_pem(private_key("merchant")),
        (APIV3_KEY,),
        "APPLETQL_MCH_KEY_FILE",
    ),
    "half a key": (MCHID, MERCHANT_SERIAL, PEM[: len(PEM) // 2], (APIV3_KEY,), "APPLETQL_MCH_KEY_FILE"),
    "a key with a password": (MCHID, MERCHANT_SERIAL, ENCRYPTED.decode(), (APIV3_KEY,), "APPLETQL_MCH_KEY_FILE"),
    "a short key": (MCHID, MERCHANT_SERIAL, SHORT, (APIV3_KEY,), "APPLETQL_MCH_KEY_FILE"),
    "a key of another kind": (MCHID, MERCHANT_SERIAL, OTHER_KIND, (APIV3_KEY,), "APPLETQL_MCH_KEY_FILE"),
    "no APIv3 key": (MCHID, MERCHANT_SERIAL, PEM, (), "APPLETQL_APIV3_KEY"),
    "an APIv3 key of 31": (MCHID, MERCHANT_SERIAL, PEM, (APIV3_KEY, APIV3_KEY[1:]), "APPLETQL_APIV3_KEY"),
    "an APIv3 key of 33": (MCHID, MERCHANT_SERIAL, PEM, (APIV3_KEY + "x",), "APPLETQL_APIV3_KEY"),
    "an APIv3 key with a line end": (MCHID, MERCHANT_SERIAL, PEM, (APIV3_KEY[1:] + "\n",), "APPLETQL_APIV3_KEY"),
    "an APIv3 key beyond ASCII": (MCHID, MERCHANT_SERIAL, PEM, ("密" * 32,), "APPLETQL_APIV3_KEY"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_told_with_advice_and_without_quoting_it(name: str) -> None:
    *parts, setting = WRONG[name]

    with pytest.raises(Misconfigured) as raised:
        Merchant(*parts)  # type: ignore[arg-type]  # a list of the four arguments

    assert setting in raised.value.advice
    assert raised.value.__context__ is None
    shown = f"{raised.value!r} {raised.value} {vars(raised.value)}"
    assert not any(private in shown for private in (APIV3_KEY[1:], PEM[60:100], "密", "0A:1B"))


def test_a_merchant_shows_neither_key() -> None:
    shown = repr(merchant())

    assert shown == f"Merchant(mchid='{MCHID}', serial='{MERCHANT_SERIAL}')"
    assert merchant().apiv3_keys == (APIV3_KEY, OLD_APIV3_KEY)


def test_the_private_key_is_read_once() -> None:
    assert merchant().private_key is merchant().private_key
