"""What WeChat Pay encrypts with the APIv3 key: AES-GCM, whose tag proves the key and the bytes.

Follows "Decrypting notices and platform certificates" of WeChat Pay's documentation.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALGORITHM = "AEAD_AES_256_GCM"


class NotSealed(Exception):
    """The parts have not the form that they must have; the message names the part."""


class NoKeyOpens(Exception):
    """No APIv3 key opens it."""


def open_sealed(resource: Mapping[str, Any], apiv3_keys: Iterable[str]) -> bytes:
    """The plaintext of an object with `algorithm`, `nonce`, `associated_data` and `ciphertext`, each key tried.

    The associated data may be empty or missing. Raises NotSealed or NoKeyOpens.
    """
    if resource.get("algorithm") != ALGORITHM:
        raise NotSealed("algorithm")
    nonce = _text(resource, "nonce")
    associated_data = _text(resource, "associated_data")
    ciphertext = _from_base64(_text(resource, "ciphertext"))
    for key in apiv3_keys:
        plaintext = decrypt(key.encode("ascii"), nonce, associated_data, ciphertext)
        if plaintext is not None:
            return plaintext
    raise NoKeyOpens


def decrypt(key: bytes, nonce: bytes, associated_data: bytes, ciphertext: bytes) -> bytes | None:
    """The plaintext; None where key, nonce or associated data are others, or a bit of the ciphertext is."""
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated_data)
    except (InvalidTag, ValueError):  # ValueError: a nonce of a length that there is not
        return None


def _text(resource: Mapping[str, Any], name: str) -> bytes:
    text = resource.get(name) or ""
    if not isinstance(text, str) or not text.isprintable():
        raise NotSealed(name)
    return text.encode("utf-8")


def _from_base64(text: bytes) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        found = b""
    if not found:
        raise NotSealed("ciphertext")
    return found
