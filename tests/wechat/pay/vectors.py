"""The published test vectors of WeChat Pay."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "pay_vectors.json").read_text(encoding="utf-8")
)
OFFICIAL = VECTORS["request_sign.post_jsapi"]
NOTICE = VECTORS["synthetic.notify.transaction"]
JAVA_KEYS = VECTORS["java.test_keypairs"]


def key_of(certificate_pem: str) -> RSAPublicKey:
    key = load_pem_x509_certificate(certificate_pem.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return key
