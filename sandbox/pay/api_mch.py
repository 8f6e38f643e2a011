"""The manners of api.mch.weixin.qq.com: signed requests, signed answers of success, errors as HTTP status and code.

https://pay.weixin.qq.com/doc/v3/merchant/4012081606
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from sandbox.endpoints import Answer, Call, Endpoint
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.authorization import check_authorization
from sandbox.pay.errors import PayRefusal, refusal_with_status
from sandbox.pay.schema import Fields, read_body, wrong_field

Handler = Callable[[OfflineWeChat, Call, dict[str, Any]], Mapping[str, Any] | None]
FileHandler = Callable[[OfflineWeChat, Call], tuple[bytes, str]]

_JSON_TYPE = "application/json; charset=utf-8"
_SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
_SIGNTEST = "WECHATPAY/SIGNTEST/"


def endpoint(method: str, path: str, handler: Handler, expected: Fields | None = None) -> Endpoint:
    """A path whose handler gives the object of a 200, None for a 204, or raises PayRefusal.

    Requests are checked in WeChat Pay's order: headers, Authorization, its age, merchant, signature, fields. With
    `expected` the handler is given the body, else an empty object.
    """

    def handle(wechat: OfflineWeChat, call: Call) -> Answer:
        try:
            serial = _check_request(wechat, call)
            body = {} if expected is None else _read(wechat, call, expected)
            content = handler(wechat, call, body)
        except PayRefusal as refusal:
            return _refused(wechat, call, refusal)
        return _signed(wechat, 204 if content is None else 200, b"" if content is None else _json(content), serial)

    return Endpoint(path, handle, refuse_code=_refuse_code, fail=_fail, signs=True, method=method)


def file_endpoint(path: str, handler: FileHandler) -> Endpoint:
    """A download: the request is signed and checked as any other, the answer is a file and carries no signature."""

    def handle(wechat: OfflineWeChat, call: Call) -> Answer:
        try:
            _ = _check_request(wechat, call)
            content, content_type = handler(wechat, call)
        except PayRefusal as refusal:
            return _unsigned(wechat, refusal)
        return Answer(200, content, content_type, (("Request-ID", wechat.mint.request_id(0)),))

    return Endpoint(path, handle, refuse_code=_refuse_code, fail=_fail, method="GET")


def _check_request(wechat: OfflineWeChat, call: Call) -> str:
    """The serial by which the answer is signed. Raises PayRefusal."""
    accept = call.headers.get("accept", "")
    if not call.headers.get("user-agent") or not ("application/json" in accept or "*/*" in accept):
        code = "SIGN_ERROR" if "/transactions/" in call.target else "INVALID_REQUEST"
        raise PayRefusal(code, "Http头缺少Accept或User-Agent")
    check_authorization(call, wechat.pay.keys, wechat.clock.real())
    serial = _answering_serial(wechat, call)
    if serial is None:
        raise PayRefusal("INVALID_REQUEST", "Http头Wechatpay-Serial有误")
    return serial


def _answering_serial(wechat: OfflineWeChat, call: Call) -> str | None:
    """What the request names; where it names nothing, what signs by default. None for a serial that is unknown."""
    named = call.headers.get("wechatpay-serial")
    if named is None:
        return wechat.pay.signing_serial()
    if wechat.pay.switches.public_key_only and named != wechat.pay.keys.public_key_id:
        return None
    return named if wechat.pay.platform.knows(named) else None


def _read(wechat: OfflineWeChat, call: Call, expected: Fields) -> dict[str, Any]:
    body = read_body(call.body, call.headers.get("content-type"), expected)
    if body.get("mchid", wechat.pay.merchant.mchid) != wechat.pay.merchant.mchid:
        raise wrong_field("/mchid", body["mchid"], "商户号与签名的商户号不一致")
    return body


def _refuse_code(wechat: OfflineWeChat, call: Call, code: str) -> Answer:
    return _refused(wechat, call, PayRefusal(code))


def _fail(wechat: OfflineWeChat, status: int) -> Answer:
    if status < HTTPStatus.BAD_REQUEST:
        return Answer(status, b"", "")
    return _unsigned(wechat, refusal_with_status(status))


def _refused(wechat: OfflineWeChat, call: Call, refusal: PayRefusal) -> Answer:
    if refusal.status >= HTTPStatus.MULTIPLE_CHOICES:
        return _unsigned(wechat, refusal)
    serial = _answering_serial(wechat, call) or wechat.pay.signing_serial()
    return _signed(wechat, refusal.status, refusal.body(), serial, refusal.number)


def _unsigned(wechat: OfflineWeChat, refusal: PayRefusal) -> Answer:
    request_id = ("Request-ID", wechat.mint.request_id(refusal.number))
    return Answer(refusal.status, refusal.body(), _JSON_TYPE, (request_id,))


def _signed(wechat: OfflineWeChat, status: int, body: bytes, serial: str, number: int = 0) -> Answer:
    timestamp, nonce = str(int(wechat.clock.real())), wechat.mint.nonce()
    message = b"\n".join((timestamp.encode(), nonce.encode(), body, b""))
    signature, used = wechat.pay.platform.sign(message, serial)
    if wechat.mint.chance(wechat.pay.switches.signtest_share):
        signature = _SIGNTEST + signature
    headers = (
        ("Request-ID", wechat.mint.request_id(number)),
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", used),
        ("Wechatpay-Signature-Type", _SIGNATURE_TYPE),
    )
    return Answer(status, body, _JSON_TYPE if body else "", headers)


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
