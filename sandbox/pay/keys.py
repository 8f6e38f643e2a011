"""The keys of WeChat Pay and of its one merchant, and what is signed with them.

https://pay.weixin.qq.com/doc/v3/merchant/4013053420
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from sandbox.pay.rows import CertificateKey, PayKeys

MCHID = "1900005440"
APIV3_KEY = "5a4db0c5-not-a-real-apiv3-key-01"
_VALID = timedelta(days=5 * 365)
_SINCE = timedelta(days=1)


class UnknownSerial(LookupError):
    """There is neither a certificate with this serial nor a public key with this id."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """What the merchant holds: `serial` is that of its API certificate, `certificates` are PEM texts by serial."""

    mchid: str
    serial: str
    private_key_pem: str = field(repr=False)
    apiv3_key: str = field(repr=False)
    public_key_id: str
    public_key_pem: str
    certificates: Mapping[str, str]


class Platform:
    """WeChat Pay's own keys: one public key and the newest two certificates."""

    def __init__(self, keys: PayKeys) -> None:
        self._keys = keys

    @property
    def certificates(self) -> list[CertificateKey]:
        """The certificates in force, the newest last."""
        return self._keys.certificates[-2:]

    @property
    def newest_serial(self) -> str:
        """The serial of the newest certificate."""
        return self._keys.certificates[-1].serial

    def sign(self, message: bytes, serial: str | None = None) -> tuple[str, str]:
        """The signature in base64 and the serial used; without a serial, that of the newest certificate.

        Raises UnknownSerial.
        """
        wanted = self.newest_serial if serial is None else serial
        if wanted == self._keys.public_key_id:
            return sign(message, self._keys.public_key_private_key), wanted
        for key in self.certificates:
            if key.serial == wanted.upper():
                return sign(message, key.private_key), key.serial
        raise UnknownSerial

    def knows(self, serial: str) -> bool:
        """Whether `sign` takes it."""
        known = {self._keys.public_key_id, *(key.serial for key in self.certificates)}
        return serial in known or serial.upper() in known


def fresh_keys(now: float) -> PayKeys:
    """New serials and certificates, valid from a day before `now` (real time in seconds), on this process's keys."""
    merchant, public, platform = (_process_key(name) for name in ("merchant", "public", "platform"))
    # The first digit is never a zero here and always one in certificates of a rotation: clients that drop it are wrong.
    return PayKeys(
        merchant_serial=_serial("5"),
        merchant_private_key=_pem(merchant),
        public_key_id=f"PUB_KEY_ID_01{MCHID}{secrets.randbelow(10**20):020d}",
        public_key_private_key=_pem(public),
        certificates=[_certificate(platform, _serial("4"), now)],
    )


def rotated(now: float) -> CertificateKey:
    """A further certificate with a key of its own; its serial begins with a zero, which clients must keep."""
    return _certificate(generate_private_key(65537, 2048), _serial("0"), now)


def merchant_of(keys: PayKeys) -> Merchant:
    """What the merchant holds."""
    return Merchant(
        mchid=MCHID,
        serial=keys.merchant_serial,
        private_key_pem=keys.merchant_private_key,
        apiv3_key=APIV3_KEY,
        public_key_id=keys.public_key_id,
        public_key_pem=_public_pem(_load(keys.public_key_private_key).public_key()),
        certificates={key.serial: key.certificate for key in Platform(keys).certificates},
    )


def merchant_public_key(keys: PayKeys) -> RSAPublicKey:
    """The key of the merchant's API certificate, by which requests and paySign are checked."""
    return _load(keys.merchant_private_key).public_key()


def sign(message: bytes, private_key_pem: str) -> str:
    """RSA PKCS#1 v1.5 over SHA-256, in base64."""
    return base64.b64encode(_load(private_key_pem).sign(message, PKCS1v15(), SHA256())).decode()


@lru_cache(maxsize=16)
def _process_key(_purpose: str) -> RSAPrivateKey:
    # RSA keys are slow to make, and one process may open hundreds of sandboxes.
    return generate_private_key(65537, 2048)


@lru_cache(maxsize=64)
def _load(private_key_pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(private_key_pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the key is not an RSA key")
    return key


def _serial(first: str) -> str:
    return first + secrets.token_hex(20)[1:].upper()


def _certificate(key: RSAPrivateKey, serial: str, now: float) -> CertificateKey:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sandbox")])
    since = datetime.fromtimestamp(now, UTC) - _SINCE
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int(serial, 16))
        .not_valid_before(since)
        .not_valid_after(since + _VALID)
        .sign(key, SHA256())
    )
    return CertificateKey(serial, built.public_bytes(Encoding.PEM).decode(), _pem(key))


def _pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: RSAPublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
