"""Data from the phone as WeChat makes it: published vectors, sealing, and every way to flip one bit."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_VECTORS = json.loads((Path(__file__).parents[1] / "data" / "user_data.json").read_text("utf-8"))
ENCRYPTED: dict[str, str] = _VECTORS["encrypted"]
WRONG_IV: dict[str, str] = _VECTORS["wrong_iv"]
SIGNED: dict[str, str] = _VECTORS["signed"]

APPID = ENCRYPTED["appid"]
SEALED_AT = 1477314187
JUST_AFTER = datetime.fromtimestamp(SEALED_AT + 5, UTC)
WATERMARK = {"timestamp": SEALED_AT, "appid": APPID}
PHONE = {
    "phoneNumber": "13800138000",
    "purePhoneNumber": "13800138000",
    "countryCode": "86",
    "watermark": WATERMARK,
}


@dataclass(frozen=True)
class Sealed:
    """iv and ciphertext as bytes."""

    iv: bytes
    ciphertext: bytes

    @property
    def texts(self) -> tuple[str, str]:
        """encryptedData and iv, as the phone gives them."""
        return base64.b64encode(self.ciphertext).decode(), base64.b64encode(self.iv).decode()

    def flips(self) -> Iterator["Sealed"]:
        """The same with one bit flipped: each of the iv, then each of the ciphertext."""
        size = len(self.iv)
        for flipped in flips(self.iv + self.ciphertext):
            yield Sealed(flipped[:size], flipped[size:])


OFFICIAL = Sealed(base64.b64decode(ENCRYPTED["iv"]), base64.b64decode(ENCRYPTED["encryptedData"]))


def compact(content: Any) -> bytes:
    """JSON as WeChat writes it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def seal(plaintext: bytes, session_key: str = ENCRYPTED["session_key"], iv: bytes = OFFICIAL.iv) -> Sealed:
    padder = PKCS7(128).padder()
    return seal_padded(padder.update(plaintext) + padder.finalize(), session_key, iv)


def seal_padded(padded: bytes, session_key: str = ENCRYPTED["session_key"], iv: bytes = OFFICIAL.iv) -> Sealed:
    """Whole blocks, with whatever padding they have."""
    encryptor = Cipher(algorithms.AES(base64.b64decode(session_key)), modes.CBC(iv)).encryptor()
    return Sealed(iv, encryptor.update(padded) + encryptor.finalize())


def flips(content: bytes) -> Iterator[bytes]:
    """`content` with one bit flipped, for each of its bits."""
    for position in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[position // 8] ^= 1 << position % 8
        yield bytes(flipped)
