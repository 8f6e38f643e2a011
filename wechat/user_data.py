"""Data from the phone: is rawData signed, what is in encryptedData, is it for this app and of this time.

Follows "Signature verification and decryption of open data" of WeChat's documentation. No network is involved.

AES in CBC mode has no integrity: whoever holds the data can choose the first 16 bytes through the iv, drop blocks
from the front, and garble any other block. What opens is therefore believed only where its fields bear each other
out; the readers of the fields see to that.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from wechat.session_key import is_session_key
from wechat.strict_json import parse_object
from wechat.user_data_errors import (
    ForeignWatermark,
    KeyDoesNotFit,
    Malformed,
    MalformedBase64,
    MalformedSignature,
    MissingField,
    NotAnObject,
    NotOpened,
    SignatureMismatch,
    StaleWatermark,
    WrongField,
    WrongIv,
    WrongLength,
)

T = TypeVar("T")

LONGEST_DATA = 16 * 1024
"""Characters of encryptedData or rawData; what WeChat makes of a profile has about a thousand."""

_SIGNATURE = re.compile(r"[0-9a-f]{40}", re.ASCII)
_BLOCK = 16


@dataclass(frozen=True)
class Opened(Generic[T]):
    """What was read, and the session_key that fitted."""

    session_key: str = field(repr=False)
    content: T = field(repr=False)


def with_fitting_key(session_keys: Iterable[str], read: Callable[[str], T]) -> Opened[T]:
    """What `read` makes of the first session_key that fits, the current one being the first.

    Raises the first key's KeyDoesNotFit where none fits; any other error of `read` at once, since a key that opens
    the data is the one it was made with.
    """
    failure: KeyDoesNotFit | None = None
    for session_key in session_keys:
        try:
            return Opened(session_key, read(session_key))
        except KeyDoesNotFit as error:
            failure = failure or error
    raise failure or KeyDoesNotFit("no session_key")


def check_raw_data(raw_data: str, signature: str, session_key: str) -> dict[str, Any]:
    """The object in `raw_data`, where `signature` is the lower-case hexadecimal SHA-1 of it and the session_key.

    `raw_data` is the text exactly as the phone gave it. Raises Malformed or one of its kinds, SignatureMismatch,
    NotAnObject.
    """
    if len(raw_data) > LONGEST_DATA:
        raise WrongLength("rawData")
    if not _SIGNATURE.fullmatch(signature):
        raise MalformedSignature
    signed = _utf_8(raw_data)
    # SHA-1 is WeChat's choice; the secret stands at the end, so that nothing can be added behind it.
    expected = hashlib.sha1(signed + session_key.encode(), usedforsecurity=False).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise SignatureMismatch
    content = parse_object(signed)
    if content is None:
        raise NotAnObject("rawData")
    return content


def open_encrypted(encrypted_data: str, iv: str, session_key: str) -> dict[str, Any]:
    """The object in `encrypted_data`: AES-128-CBC with PKCS#7, both texts in base64.

    A space is a `+` that a form decoded, and is repaired. Raises Malformed or one of its kinds, and NotOpened where
    the key is another one. The watermark is the caller's to check.
    """
    ciphertext = _from_base64("encryptedData", encrypted_data)
    initial = _from_base64("iv", iv)
    if not ciphertext or len(ciphertext) % _BLOCK:
        raise WrongLength("encryptedData")
    if len(initial) != _BLOCK:
        raise WrongIv
    if not is_session_key(session_key):
        raise NotOpened("session_key")
    plaintext = _decrypt(ciphertext, initial, base64.b64decode(session_key))
    if plaintext is None:
        raise NotOpened("padding")
    content = parse_object(plaintext)
    if content is None:
        raise NotOpened("JSON object")
    return content


def check_watermark(
    content: Mapping[str, Any], *, appid: str, now: datetime, max_age: float, max_ahead: float = 60.0
) -> None:
    """Return where the watermark is this app's and of this time.

    `now` is wire time; `max_age` and `max_ahead` are the seconds that it may lie before and after the watermark's.
    Raises ForeignWatermark, StaleWatermark, MissingField or WrongField.
    """
    check_appid(content, appid)
    timestamp = content["watermark"].get("timestamp")
    if timestamp is None:
        raise MissingField("watermark.timestamp")
    if type(timestamp) is not int:
        raise WrongField("watermark.timestamp")
    # In whole numbers, since a float cannot hold every number that JSON can.
    age = int(now.timestamp()) - timestamp
    if not -max_ahead <= age <= max_age:
        raise StaleWatermark


def check_appid(content: Mapping[str, Any], appid: str) -> None:
    """Return where the watermark is this app's; otherwise raise ForeignWatermark, MissingField or WrongField."""
    watermark = content.get("watermark")
    if watermark is None:
        raise MissingField("watermark")
    if not isinstance(watermark, dict):
        raise WrongField("watermark")
    if watermark.get("appid") is None:
        raise MissingField("watermark.appid")
    if watermark["appid"] != appid:
        raise ForeignWatermark


def _from_base64(name: str, text: str) -> bytes:
    """The bytes, where `text` is what encoding them gives."""
    if len(text) > LONGEST_DATA:
        raise WrongLength(name)
    repaired = text.replace(" ", "+")
    try:
        decoded = base64.b64decode(repaired, validate=True)
    except ValueError:
        decoded = b""
    if base64.b64encode(decoded).decode() != repaired:
        raise MalformedBase64(name)
    return decoded


def _utf_8(raw_data: str) -> bytes:
    try:
        return raw_data.encode()
    except UnicodeEncodeError:
        pass
    # Raised here and not above, so that it has no context: that would hold the text.
    raise Malformed("rawData is no Unicode")


def _decrypt(ciphertext: bytes, initial: bytes, key: bytes) -> bytes | None:
    """The plaintext, or None where its padding is wrong."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(initial)).decryptor()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        return None
