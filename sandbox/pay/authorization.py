"""Reads and checks the Authorization of a merchant's request.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342
"""

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.endpoints import Call
from sandbox.pay.errors import PayRefusal
from sandbox.pay.keys import MCHID, merchant_public_key
from sandbox.pay.rows import PayKeys

_SCHEME = "WECHATPAY2-SHA256-RSA2048"
_NAMES = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
_PAIR = re.compile(r'([a-z_]+)="([^"]*)"')
_PAIRS = re.compile(rf"{_PAIR.pattern}(?:,{_PAIR.pattern})*")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_TOLERANCE = 300.0
_REFUNDS = "/v3/refund/"


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the header says; `timestamp` is in seconds."""

    mchid: str
    nonce_str: str
    signature: str
    timestamp: str
    serial_no: str


def check_authorization(call: Call, keys: PayKeys, real_time: float) -> None:
    """Syntax, age, merchant, serial, signature, in this order. Raises PayRefusal 401, or MCH_NOT_EXISTS."""
    given = _read(call.headers.get("authorization"))
    if abs(real_time - int(given.timestamp)) > _TOLERANCE:
        raise _refused("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    if given.mchid != MCHID:
        raise PayRefusal("MCH_NOT_EXISTS", status=404 if call.target.startswith(_REFUNDS) else 400)
    if given.serial_no.upper() != keys.merchant_serial:
        raise _refused("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
    lines = (call.method.encode(), call.target.encode("latin-1"), given.timestamp.encode(), given.nonce_str.encode())
    if not is_signed(b"\n".join((*lines, call.body, b"")), given.signature, keys):
        raise _refused("签名错误" if "/transactions/" not in call.target else "签名信息错误 验签失败")


def is_signed(message: bytes, signature: str, keys: PayKeys) -> bool:
    """Whether the merchant's private key made this signature, which is base64 on one line."""
    try:
        raw = base64.b64decode(signature, validate=True)
        merchant_public_key(keys).verify(raw, message, PKCS1v15(), SHA256())
    except (binascii.Error, InvalidSignature, ValueError):
        return False
    return True


def _read(header: str | None) -> Authorization:
    scheme, _, rest = (header or "").partition(" ")
    if header and scheme != _SCHEME:
        raise _refused("Http头Authorization认证类型不正确")
    pairs = _PAIR.findall(rest) if _PAIRS.fullmatch(rest) else []
    given = dict(pairs)
    if len(pairs) != len(_NAMES) or given.keys() != _NAMES or not all(given.values()):
        raise _refused("Http头Authorization值格式错误 请参考《微信支付商户REST API签名规则》")
    if not _TIMESTAMP.fullmatch(given["timestamp"]):
        raise _refused("Http头Authorization值格式错误 请参考《微信支付商户REST API签名规则》")
    return Authorization(**given)


def _refused(message: str) -> PayRefusal:
    return PayRefusal("SIGN_ERROR", message)
