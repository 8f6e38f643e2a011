"""Every documented errcode has its error, and every setting that may be wrong its advice."""

import pytest

from wechat import errors
from wechat.access_token import PATH as STABLE_TOKEN
from wechat.content_check import MSG_SEC_CHECK
from wechat.errcodes import ADVICE, ERRORS, ON_PATH, error_for
from wechat.login import CHECKSESSION, CODE2SESSION, RESETUSERSESSIONKEY
from wechat.mini_program_code import GETWXACODEUNLIMIT
from wechat.phone import GETUSERPHONENUMBER

PATH = "/some/path"

# From "Global return codes", "code2Session", "checkSessionKey", "ResetUserSessionKey", "checkEncryptedData",
# "getPaidUnionId", "getAccessToken", "getStableAccessToken", "getPhoneNumber", "msgSecCheck" and "getUnlimitedQRCode"
# of WeChat's documentation.
DOCUMENTED = {
    -1: errors.Busy,
    1: errors.Rejected,
    40001: errors.AccessTokenRefused,
    40002: errors.CallerBug,
    40003: errors.CallerBug,
    40013: errors.Misconfigured,
    40014: errors.AccessTokenRefused,
    40029: errors.LoginCodeInvalid,
    40097: errors.CallerBug,
    40125: errors.Misconfigured,
    40129: errors.CallerBug,
    40163: errors.LoginCodeInvalid,
    40164: errors.Misconfigured,
    40169: errors.CallerBug,
    40226: errors.LoginBlocked,
    40243: errors.Misconfigured,
    41001: errors.AccessTokenRefused,
    41002: errors.Misconfigured,
    41004: errors.Misconfigured,
    41008: errors.CallerBug,
    41030: errors.PageUnknown,
    42001: errors.AccessTokenRefused,
    43002: errors.CallerBug,
    43104: errors.CallerBug,
    44002: errors.CallerBug,
    44990: errors.RateLimited,
    44991: errors.RateLimited,
    45009: errors.RateLimited,
    45011: errors.RateLimited,
    47001: errors.CallerBug,
    48001: errors.Misconfigured,
    50002: errors.Misconfigured,
    50004: errors.Misconfigured,
    50007: errors.Misconfigured,
    61010: errors.UserNotSeen,
    85096: errors.CallerBug,
    87007: errors.SessionKeyInvalid,
    87008: errors.CallerBug,
    87009: errors.SessionKeyInvalid,
    89002: errors.Misconfigured,
    89300: errors.Rejected,
    89503: errors.Misconfigured,
    89506: errors.Misconfigured,
    89507: errors.Misconfigured,
}


# The error tables of the single interfaces.
INTERFACES: dict[str, dict[int, type[errors.WeChatError]]] = {
    GETUSERPHONENUMBER: {
        -1: errors.Busy,
        40001: errors.AccessTokenRefused,
        40013: errors.Misconfigured,
        40029: errors.PhoneCodeInvalid,
        42001: errors.AccessTokenRefused,
        45011: errors.RateLimited,
    },
    MSG_SEC_CHECK: {
        -1: errors.Busy,
        40001: errors.AccessTokenRefused,
        40003: errors.CallerBug,
        40129: errors.CallerBug,
        43002: errors.CallerBug,
        43104: errors.CallerBug,
        44002: errors.CallerBug,
        44991: errors.RateLimited,
        45009: errors.RateLimited,
        47001: errors.CallerBug,
        61010: errors.UserNotSeen,
    },
    GETWXACODEUNLIMIT: {
        -1: errors.Busy,
        40001: errors.AccessTokenRefused,
        40097: errors.CallerBug,
        40129: errors.CallerBug,
        40169: errors.CallerBug,
        41030: errors.PageUnknown,
        45009: errors.RateLimited,
        85096: errors.CallerBug,
    },
}
PATHS = (STABLE_TOKEN, CODE2SESSION, CHECKSESSION, RESETUSERSESSIONKEY, *INTERFACES)


def test_the_table_is_the_documentation() -> None:
    assert ERRORS == DOCUMENTED


@pytest.mark.parametrize(
    ("path", "errcode", "kind"),
    [(path, errcode, kind) for path, table in INTERFACES.items() for errcode, kind in table.items()],
)
def test_each_interface_has_the_errors_of_its_page(path: str, errcode: int, kind: type[errors.WeChatError]) -> None:
    error = error_for(path, errcode, "a-rid")

    assert type(error) is kind
    assert (error.errcode, error.rid, error.path) == (errcode, "a-rid", path)


def test_what_means_something_else_on_one_path_means_it_on_no_other() -> None:
    assert dict(ON_PATH) == {GETUSERPHONENUMBER: {40029: errors.PhoneCodeInvalid}}
    others = {type(error_for(path, 40029, None)) for path in PATHS if path != GETUSERPHONENUMBER}
    assert others == {errors.LoginCodeInvalid}


@pytest.mark.parametrize("errcode", [errcode for errcode in DOCUMENTED if errcode != 40029])
def test_no_other_errcode_depends_on_the_path(errcode: int) -> None:
    assert {type(error_for(path, errcode, None)) for path in PATHS} == {DOCUMENTED[errcode]}


@pytest.mark.parametrize(("errcode", "kind"), DOCUMENTED.items())
def test_a_documented_errcode_becomes_its_error(errcode: int, kind: type[errors.WeChatError]) -> None:
    error = error_for(PATH, errcode, "a-rid")

    assert type(error) is kind
    assert (error.errcode, error.rid, error.path) == (errcode, "a-rid", PATH)
    assert str(error) == f"WeChat {PATH}: {kind.meaning} (errcode {errcode})"


@pytest.mark.parametrize("errcode", [-2, 2, 40000, 40004, 99999, 10**30])
def test_any_other_errcode_is_rejected(errcode: int) -> None:
    error = error_for(PATH, errcode, None)

    assert type(error) is errors.Rejected
    assert error.errcode == errcode


def test_40001_is_a_wrong_secret_where_the_secret_is_sent() -> None:
    error = error_for(PATH, 40001, "a-rid", sends_secret=True)

    assert isinstance(error, errors.Misconfigured)
    assert "APPLETQL_APPSECRET" in error.advice
    assert (error.errcode, error.rid) == (40001, "a-rid")


@pytest.mark.parametrize("errcode", [40029, 40125, 42001, 45011, -1])
def test_no_other_errcode_depends_on_the_secret(errcode: int) -> None:
    assert type(error_for(PATH, errcode, None, sends_secret=True)) is DOCUMENTED[errcode]


@pytest.mark.parametrize("errcode", ADVICE)
def test_each_misconfiguration_names_what_to_look_at(errcode: int) -> None:
    error = error_for(PATH, errcode, None)

    assert isinstance(error, errors.Misconfigured)
    assert error.advice == ADVICE[errcode]
    assert any(place in error.advice for place in ("APPLETQL_", "WeChat's console", "administrator of the app"))
    assert error.advice.endswith(".")
