"""The errors of api.mch.weixin.qq.com: a code, WeChat's text, the usual HTTP status.

https://pay.weixin.qq.com/doc/v3/merchant/4012081726
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

_ERRORS = {
    "PARAM_ERROR": (400, 268435461, "参数错误"),
    "INVALID_REQUEST": (400, 268435461, "无效请求"),
    "APPID_MCHID_NOT_MATCH": (400, 268445527, "appid和mch_id不匹配"),
    "MCH_NOT_EXISTS": (400, 268443715, "商户号不存在"),
    "ORDER_CLOSED": (400, 268447914, "订单已关闭"),
    "ORDER_PAID": (400, 268449538, "该订单已支付"),
    "OPENID_MISMATCH": (400, 268435461, "openid和appid不匹配"),
    "REFUND_FEE_MISMATCH": (400, 268435461, "订单金额或退款金额与之前请求不一致"),
    "NO_STATEMENT_EXIST": (400, 268435461, "账单文件不存在"),
    "STATEMENT_CREATING": (400, 268435461, "账单生成中"),
    "SIGN_ERROR": (401, 268443699, "签名错误"),
    "NO_AUTH": (403, 268448010, "商户无权限"),
    "OUT_TRADE_NO_USED": (403, 268498688, "商户订单号重复"),
    "RULE_LIMIT": (403, 268448010, "业务规则限制"),
    "TRADE_ERROR": (403, 268447843, "交易错误"),
    "ACCOUNT_ERROR": (403, 268448010, "账号异常"),
    "NOT_ENOUGH": (403, 268435461, "基本账户余额不足 请充值后重新发起"),
    "USER_ACCOUNT_ABNORMAL": (403, 268435461, "退款请求失败 用户账户异常"),
    "TRADE_OVERDUE": (403, 268435461, "订单已经超过退款期限"),
    "ORDER_NOT_EXIST": (404, 268512771, "订单不存在"),
    "RESOURCE_NOT_EXISTS": (404, 268512771, "查询的资源不存在"),
    "USERPAYING": (202, 268449641, "用户支付中"),
    "FREQUENCY_LIMITED": (429, 268447840, "频率超限"),
    "RATELIMIT_EXCEEDED": (429, 268447840, "频率超限"),
    "SYSTEM_ERROR": (500, 268435460, "系统错误 请用相同参数重新调用"),
    "BANK_ERROR": (500, 268435460, "银行系统异常"),
    "INVALID_TRANSACTIONID": (500, 268435461, "订单号非法"),
    "SERVICE_UNAVAILABLE": (503, 268435460, "服务不可用"),
}
_OLD_SPELLINGS = {
    "NOAUTH": "NO_AUTH",
    "ORDERPAID": "ORDER_PAID",
    "ORDERCLOSED": "ORDER_CLOSED",
    "RULELIMIT": "RULE_LIMIT",
    "ACCOUNTERROR": "ACCOUNT_ERROR",
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "SYSTEMERROR": "SYSTEM_ERROR",
    "BANKERROR": "BANK_ERROR",
}
_BY_STATUS = {
    400: "INVALID_REQUEST",
    401: "SIGN_ERROR",
    403: "RULE_LIMIT",
    404: "RESOURCE_NOT_EXISTS",
    429: "FREQUENCY_LIMITED",
    500: "SYSTEM_ERROR",
}
ERROR_CODES = (*_ERRORS, *_OLD_SPELLINGS)
"""Every code that may be ordered; the last ones are spellings of v2 that still leak."""


@dataclass(frozen=True, slots=True)
class Detail:
    """Which field of the request is wrong: a JSON pointer in the body, a parameter's name in url or query."""

    field: str
    value: Any
    issue: str
    location: str = "body"

    def to_json(self) -> dict[str, Any]:
        """As the error's `detail`."""
        return {"field": self.field, "value": self.value, "issue": self.issue, "location": self.location}


class PayRefusal(Exception):
    """A call that WeChat Pay answers with an error. Without a status or a text, those usual for the code."""

    def __init__(
        self, code: str, message: str | None = None, *, status: int | None = None, detail: Detail | None = None
    ) -> None:
        super().__init__(code)
        usual, self.number, text = _ERRORS[_OLD_SPELLINGS.get(code, code)]
        self.code = code
        self.status = usual if status is None else status
        self.message = text if message is None else message
        self.detail = detail

    def body(self) -> bytes:
        """The JSON of the answer."""
        content: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail is not None:
            content["detail"] = self.detail.to_json()
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def refusal_with_status(status: int) -> PayRefusal:
    """What WeChat Pay says with an HTTP status from 400 on."""
    server_side = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return PayRefusal(
        _BY_STATUS.get(status, "SERVICE_UNAVAILABLE" if server_side else "INVALID_REQUEST"), status=status
    )
