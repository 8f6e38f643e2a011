"""The platform certificates, each sealed with the merchant's APIv3 key.

https://pay.weixin.qq.com/doc/v3/merchant/4012551764
"""

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.endpoints import Call
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.api_mch import endpoint
from sandbox.pay.errors import PayRefusal
from sandbox.pay.keys import APIV3_KEY
from sandbox.pay.rows import CertificateKey
from sandbox.pay.times import written

_PURPOSE = "certificate"


def certificates(wechat: OfflineWeChat, _call: Call, _body: dict[str, Any]) -> dict[str, Any]:
    """The certificates in force: one, or two after a rotation."""
    if wechat.pay.switches.public_key_only:
        raise PayRefusal("RESOURCE_NOT_EXISTS", "无可用的平台证书 请在商户平台-API安全申请使用微信支付公钥")
    return {"data": [_sealed(wechat, each) for each in wechat.pay.platform.certificates]}


def _sealed(wechat: OfflineWeChat, key: CertificateKey) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    nonce = wechat.mint.short_nonce()
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(nonce.encode(), key.certificate.encode(), _PURPOSE.encode())
    return {
        "serial_no": key.serial,
        "effective_time": written(certificate.not_valid_before_utc.timestamp()),
        "expire_time": written(certificate.not_valid_after_utc.timestamp()),
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": _PURPOSE,
            "ciphertext": base64.b64encode(sealed).decode(),
        },
    }


CERTIFICATES = (endpoint("GET", "/v3/certificates", certificates),)
