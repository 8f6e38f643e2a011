"""The merchant: its number, its certificate's serial and private key, and its APIv3 keys."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from wechat.errors import Misconfigured

_MCHID = re.compile(r"[0-9A-Za-z]{1,32}", re.ASCII)
_SERIAL = re.compile(r"[0-9A-Fa-f]{8,64}", re.ASCII)
_APIV3_KEY = re.compile(r"[!-~]{32}", re.ASCII)
_FEWEST_BITS = 2048
_PATH = "/v3"

_MCHID_ADVICE = "Look at APPLETQL_MCHID: it is the merchant number of WeChat Pay's merchant console, digits only."
_SERIAL_ADVICE = (
    "Look at APPLETQL_MCH_SERIAL: it is the serial number of the merchant's API certificate, in hexadecimal."
)
_KEY_ADVICE = (
    "Look at APPLETQL_MCH_KEY_FILE: it must hold apiclient_key.pem, the RSA private key that belongs to the merchant's "
    "API certificate, without a password."
)
_APIV3_ADVICE = (
    "Look at APPLETQL_APIV3_KEY: each key is the APIv3 key of WeChat Pay's merchant console, exactly 32 characters."
)


@dataclass(frozen=True)
class Merchant:
    """A direct merchant. Raises Misconfigured, with advice that quotes nothing, where a part cannot be used.

    `private_key_pem` is the content of apiclient_key.pem; of `apiv3_keys` each is tried on what WeChat encrypts.
    """

    mchid: str
    serial: str
    private_key_pem: str = field(repr=False)
    apiv3_keys: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        _require(_MCHID.fullmatch(self.mchid), "no usable merchant number", _MCHID_ADVICE)
        _require(_SERIAL.fullmatch(self.serial), "no usable certificate serial", _SERIAL_ADVICE)
        _require(self.apiv3_keys, "no APIv3 key", _APIV3_ADVICE)
        _require(all(map(_APIV3_KEY.fullmatch, self.apiv3_keys)), "an APIv3 key of another form", _APIV3_ADVICE)
        _require(self.private_key.key_size >= _FEWEST_BITS, "a private key that is too short", _KEY_ADVICE)

    @cached_property
    def private_key(self) -> RSAPrivateKey:
        """The key that signs requests and payments."""
        try:
            key: object = load_pem_private_key(self.private_key_pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, RSAPrivateKey):
            return key
        raise Misconfigured(_PATH, "no usable private key", advice=_KEY_ADVICE)


def _require(fulfilled: object, otherwise: str, advice: str) -> None:
    if not fulfilled:
        raise Misconfigured(_PATH, otherwise, advice=advice)
