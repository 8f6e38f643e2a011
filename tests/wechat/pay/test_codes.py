"""Every code that WeChat Pay documents has its error, in both spellings and on each path."""

import pytest

from wechat import errors
from wechat.pay import errors as pay_errors
from wechat.pay import paths
from wechat.pay.codes import ADVICE, ALIASES, ERRORS, ON_PATH, code_of, error_for

PATHS = [it for name, it in vars(paths).items() if name.isupper()]

# From the error tables of "JSAPI/mini program: create order", "Query order", "Close order", "Apply for refund", "Query
# refund", "Download platform certificates" and "Apply for trade bill", and from the refunds' questions and answers.
DOCUMENTED: dict[str, tuple[int, type[errors.WeChatError]]] = {
    "PARAM_ERROR": (400, pay_errors.PayRefused),
    "INVALID_REQUEST": (400, pay_errors.PayRefused),
    "APPID_MCHID_NOT_MATCH": (400, pay_errors.PayMisconfigured),
    "MCH_NOT_EXISTS": (400, pay_errors.PayMisconfigured),
    "ORDER_CLOSED": (400, pay_errors.OrderClosed),
    "OPENID_MISMATCH": (400, pay_errors.PayRefused),
    "INVALID_TRANSACTIONID": (400, pay_errors.PayRefused),
    "SIGN_ERROR": (401, pay_errors.PayMisconfigured),
    "NO_AUTH": (403, pay_errors.PayMisconfigured),
    "OUT_TRADE_NO_USED": (403, pay_errors.NumberUsed),
    "ORDER_PAID": (400, pay_errors.OrderPaid),
    "RULE_LIMIT": (403, pay_errors.PayRefused),
    "TRADE_ERROR": (403, pay_errors.PayRefused),
    "ACCOUNT_ERROR": (403, pay_errors.PayRefused),
    "NOT_ENOUGH": (403, pay_errors.NotEnough),
    "USER_ACCOUNT_ABNORMAL": (403, pay_errors.PayRefused),
    "ORDER_NOT_EXIST": (404, pay_errors.OrderNotFound),
    "RESOURCE_NOT_EXISTS": (404, pay_errors.PayRefused),
    "FREQUENCY_LIMITED": (429, errors.RateLimited),
    "SYSTEM_ERROR": (500, errors.Busy),
    "BANK_ERROR": (500, errors.Busy),
    "SERVICE_UNAVAILABLE": (503, errors.Busy),
    "USER_PAYING": (202, errors.UserPaying),
    "TRADE_OVERDUE": (400, pay_errors.PayRefused),
    "REFUND_FEE_MISMATCH": (400, pay_errors.PayRefused),
    "NO_STATEMENT_EXIST": (400, pay_errors.PayRefused),
    "STATEMENT_CREATING": (400, pay_errors.PayRefused),
}
ON_ORDERS = {"RESOURCE_NOT_EXISTS": pay_errors.OrderNotFound}
ELSEWHERE: dict[str, dict[str, type[errors.WeChatError]]] = {
    "/v3/pay/transactions/out-trade-no/{out_trade_no}": {**ON_ORDERS},
    "/v3/pay/transactions/id/{transaction_id}": {**ON_ORDERS},
    "/v3/pay/transactions/out-trade-no/{out_trade_no}/close": {**ON_ORDERS},
    "/v3/refund/domestic/refunds/{out_refund_no}": {"RESOURCE_NOT_EXISTS": pay_errors.RefundNotFound},
    "/v3/refund/domestic/refunds": {
        "RESOURCE_NOT_EXISTS": pay_errors.RefundNotFound,
        "INVALID_REQUEST": pay_errors.RefundRefused,
        "PARAM_ERROR": pay_errors.RefundRefused,
        "USER_ACCOUNT_ABNORMAL": pay_errors.RefundRefused,
        "TRADE_OVERDUE": pay_errors.RefundRefused,
        "REFUND_FEE_MISMATCH": pay_errors.RefundRefused,
    },
}
OTHER_WORDS = {"RATELIMIT_EXCEEDED": "FREQUENCY_LIMITED", "MCHID_NOT_EXIST": "MCH_NOT_EXISTS"}
SPELLINGS = [
    (spelling, code) for code in DOCUMENTED for spelling in dict.fromkeys((code, code.replace("_", "")))
] + list(OTHER_WORDS.items())


def test_the_table_is_the_documentation() -> None:
    assert {code: kind for code, (_, kind) in DOCUMENTED.items()} == ERRORS
    assert ON_PATH == ELSEWHERE
    assert ALIASES == OTHER_WORDS


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("spelling", "code"), SPELLINGS)
def test_both_spellings_of_a_code_are_one_error(spelling: str, code: str, path: str) -> None:
    status, kind = DOCUMENTED[code]

    error = error_for(path, status, code_of({"code": spelling, "message": "…"}), "a-rid")

    assert type(error) is ELSEWHERE.get(path, {}).get(code, kind)
    assert (error.code, error.status, error.rid, error.path, error.errcode) == (code, status, "a-rid", path, None)
    assert str(error) == f"WeChat {path}: {error.meaning} (HTTP {status}, code {code})"


@pytest.mark.parametrize("code", DOCUMENTED)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 200])
def test_a_code_means_the_same_with_any_status_that_decides(code: str, status: int) -> None:
    assert type(error_for("/", status, code, None)) is DOCUMENTED[code][1]


@pytest.mark.parametrize("code", [*DOCUMENTED, "SOMETHING_NEW", None])
def test_a_status_that_decides_nothing_makes_any_code_unknown(code: str | None) -> None:
    for path in PATHS:
        kinds = [type(error_for(path, status, code, None)) for status in (202, 429, 500, 502, 503, 504)]
        assert kinds == [errors.UserPaying, errors.RateLimited, *[errors.Busy] * 4]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, pay_errors.PayRefused),
        (401, pay_errors.PayMisconfigured),
        (403, pay_errors.PayRefused),
        (404, pay_errors.PayRefused),
        (200, errors.Unreadable),
        (302, errors.Unreadable),
    ],
)
def test_a_code_that_nobody_documents_is_a_refusal_and_no_missing_order(
    status: int, kind: type[errors.WeChatError]
) -> None:
    for path in PATHS:
        error = error_for(path, status, "SOMETHING_NEW", None)

        assert type(error) is kind
        assert error.code == "SOMETHING_NEW"


@pytest.mark.parametrize("code", ["", "x", "OPENID-1", "ord|1", "A", "A" * 49, "订单", 1, None, ["A"], "param_error"])
def test_what_does_not_look_like_a_code_is_none(code: object) -> None:
    assert code_of({"code": code}) is None


def test_no_envelope_has_no_code() -> None:
    assert code_of(None) is None
    assert code_of({}) is None


@pytest.mark.parametrize("code", ADVICE)
def test_each_misconfiguration_names_what_to_look_at(code: str) -> None:
    error = error_for("/", 400, code, None)

    assert isinstance(error, pay_errors.PayMisconfigured)
    assert isinstance(error, errors.Misconfigured)
    assert error.advice == ADVICE[code]
    assert any(place in error.advice for place in ("APPLETQL_", "merchant console"))
    assert error.advice.endswith(".")
