"""The platform certificates in an answer of WeChat Pay: opened with the APIv3 key, newest first.

Follows "Download platform certificates" of WeChat Pay's documentation. What opens was sealed by somebody who has the
APIv3 key, which is WeChat: that is the anchor of trust, as in WeChat's own libraries, which carry no root certificate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import InvalidVersion, load_pem_x509_certificate

from wechat.pay.sealed import NoKeyOpens, NotSealed, open_sealed
from wechat.strict_json import parse_object

_MOST = 100
_LEEWAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A platform certificate: its serial as WeChat writes it, and when it begins and ends."""

    serial: str
    key: RSAPublicKey
    begins: datetime
    ends: datetime


def read_certificates(body: bytes, apiv3_keys: Iterable[str], now: datetime) -> list[Certificate]:
    """Those in `body` that open, fit their serial and are not over; the newest first. An unusable one is left out."""
    entries = (parse_object(body) or {}).get("data")
    if not isinstance(entries, list):
        return []
    keys = tuple(apiv3_keys)
    found = [_certificate(entry, keys) for entry in entries[:_MOST] if isinstance(entry, dict)]
    usable = [certificate for certificate in found if certificate is not None and now < certificate.ends + _LEEWAY]
    return sorted(usable, key=lambda certificate: certificate.begins, reverse=True)


def _certificate(entry: Mapping[str, Any], apiv3_keys: tuple[str, ...]) -> Certificate | None:
    serial, sealed = entry.get("serial_no"), entry.get("encrypt_certificate")
    if not isinstance(serial, str) or not isinstance(sealed, dict):
        return None
    try:
        x509 = load_pem_x509_certificate(open_sealed(sealed, apiv3_keys))
        key = x509.public_key()
        begins, ends = x509.not_valid_before_utc, x509.not_valid_after_utc
        number = x509.serial_number
    except (NotSealed, NoKeyOpens, ValueError, InvalidVersion, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or _number(serial) != number:
        return None
    return Certificate(serial, key, begins, ends)


def _number(serial: str) -> int | None:
    """Leading zeros are part of a serial's name, not of the certificate's number."""
    try:
        return int(serial, 16)
    except ValueError:
        return None
