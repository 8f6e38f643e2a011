"""Data that the phone hands to the mini program: signed, and sealed with the session_key.

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7


def to_json_text(data: Mapping[str, Any]) -> str:
    """JSON as WeChat writes it: no spaces, characters as they are."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def watermark(appid: str, seconds: float) -> dict[str, Any]:
    """Which app the data is for, and when it was made, in whole seconds since 1970."""
    return {"timestamp": int(seconds), "appid": appid}


def sign(raw_data: str, session_key: str) -> str:
    """The signature of rawData: SHA-1 over it and the base64 text of the key."""
    # SHA-1 is WeChat's choice, not ours.
    return hashlib.sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def seal(data: Mapping[str, Any], session_key: str, iv: bytes) -> dict[str, str]:
    """`encryptedData` and `iv` in base64: AES-128-CBC with PKCS#7. The iv is 16 bytes, the key base64 of 16."""
    padder = PKCS7(AES.block_size).padder()
    padded = padder.update(to_json_text(data).encode()) + padder.finalize()
    encryptor = Cipher(AES(base64.b64decode(session_key)), CBC(iv)).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    return {"encryptedData": base64.b64encode(sealed).decode(), "iv": base64.b64encode(iv).decode()}
