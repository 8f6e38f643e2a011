"""What serving needs, what production refuses on top, and what it takes."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st

from server.settings import read_settings
from server.settings_rules import faults_for_serving

KEY = Fernet.generate_key().decode()
APPID, OTHER_APPID = "wx4f4bc4dec97d474b", "wx0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"
GUESSABLE = urlsafe_b64encode(b"0123456789abcde0" * 2).decode()
BARELY_DRAWN = urlsafe_b64encode(b"0123456789abcdef" * 2).decode()

GOOD: dict[str, Any] = {"environment": "production", "secret_keys": KEY, "appid": APPID, "appsecret": SECRET}
MAKE_ONE = "make one with: python -c "


def complaints(**given: Any) -> list[str]:
    """The faults, after a look that no secret is in them."""
    faults = [str(fault) for fault in faults_for_serving(read_settings(_env_file=None, **{**GOOD, **given}))]
    assert not [fault for fault in faults if KEY in fault or SECRET in fault]
    return faults


def apps(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"appid": appid, "secret": secret} for appid, secret in pairs]


ALWAYS: list[tuple[dict[str, Any], str]] = [
    ({"secret_keys": ""}, f"APPLETQL_SECRET_KEYS: is missing; {MAKE_ONE}"),
    ({"secret_keys": "short"}, "APPLETQL_SECRET_KEYS: key 1 is no Fernet key (32 bytes in URL-safe base64); make"),
    ({"secret_keys": f"{KEY},{KEY[:-2]}"}, "APPLETQL_SECRET_KEYS: key 2 is no Fernet key"),
    ({"secret_keys": f"\N{LATIN SMALL LETTER E WITH ACUTE}{KEY}"}, "APPLETQL_SECRET_KEYS: key 1 is no Fernet key"),
    ({"appid": None, "appsecret": None}, "APPLETQL_APPID: and APPLETQL_APPSECRET are missing (or APPLETQL_APPS"),
    ({"appsecret": None}, "APPLETQL_APPID: and APPLETQL_APPSECRET go together: set both, or"),
    ({"appid": None}, "APPLETQL_APPID: and APPLETQL_APPSECRET go together: set both, or"),
    ({"appsecret": None, "apps": apps((OTHER_APPID, "x"))}, "APPLETQL_APPID: and APPLETQL_APPSECRET go together"),
    ({"apps": apps((APPID, SECRET))}, f"APPLETQL_APPS: names {APPID} more than once"),
    (
        {"operation_timeout": 12.9},
        "APPLETQL_OPERATION_TIMEOUT: must be at least 13 with this APPLETQL_WECHAT_TIMEOUT",
    ),
    (
        {"wechat_timeout": 3.1},
        "APPLETQL_OPERATION_TIMEOUT: must be at least 15.4 with this APPLETQL_WECHAT_TIMEOUT",
    ),
    (
        {"wechat_timeout": 10, "operation_timeout": 42},
        "APPLETQL_OPERATION_TIMEOUT: must be at least 43 with this APPLETQL_WECHAT_TIMEOUT",
    ),
    (
        {"appid": None, "appsecret": None, "apps": apps((OTHER_APPID, "x"), (OTHER_APPID, "y"))},
        f"APPLETQL_APPS: names {OTHER_APPID} more than once",
    ),
]

IN_PRODUCTION: list[tuple[dict[str, Any], str]] = [
    ({"secret_keys": GUESSABLE}, f"APPLETQL_SECRET_KEYS: holds a key that anybody can guess; {MAKE_ONE}"),
    ({"secret_keys": f"{KEY},{GUESSABLE}"}, "APPLETQL_SECRET_KEYS: holds a key that anybody can guess"),
    ({"appsecret": "5a4db0c5-not-a-real-secret-00001"}, f"APPLETQL_APPSECRET: of {APPID} looks like a placeholder"),
    ({"appsecret": "ChangeMe"}, f"APPLETQL_APPSECRET: of {APPID} looks like a placeholder; copy it from WeChat's"),
    ({"appsecret": "your-secret"}, f"APPLETQL_APPSECRET: of {APPID} looks like a placeholder"),
    ({"apps": apps((OTHER_APPID, "an-example"))}, f"APPLETQL_APPSECRET: of {OTHER_APPID} looks like a placeholder"),
    *(
        ({"wechat_api_url": url}, "APPLETQL_WECHAT_API_URL: points at a sandbox; remove it to reach WeChat")
        for url in (
            "http://api.weixin.qq.com",
            "http://127.0.0.1:8001",
            "https://127.0.0.1:8001",
            "https://10.0.0.7",
            "https://192.168.1.2:8443",
            "https://[::1]:8001",
            "https://0.0.0.0",
            "https://localhost",
            "https://LOCALHOST:8001",
            "https://wechat.localhost",
            "https://sandbox",
            "https://sandbox.local",
            "https://sandbox.internal",
        )
    ),
    ({"public_url": "http://shop.example"}, "APPLETQL_PUBLIC_URL: must be https: WeChat calls nothing else"),
    ({"public_url": "http://127.0.0.1:8000"}, "APPLETQL_PUBLIC_URL: must be https: WeChat calls nothing else"),
]

TAKEN_IN_PRODUCTION: list[dict[str, Any]] = [
    {},
    {"secret_keys": f"{KEY},{Fernet.generate_key().decode()}"},
    {"secret_keys": BARELY_DRAWN},
    {"appid": None, "appsecret": None, "apps": apps((APPID, SECRET))},
    {"apps": apps((OTHER_APPID, SECRET))},
    {"wechat_api_url": "https://api.weixin.qq.com"},
    {"wechat_api_url": "https://api2.weixin.qq.com"},
    {"wechat_api_url": "https://sh.api.weixin.qq.com"},
    {"public_url": "https://shop.example/api"},
    {"graphiql": True},
    {"operation_timeout": 13.0},
    {"wechat_timeout": 3.0},
    {"wechat_timeout": 10, "operation_timeout": 43},
    {"wechat_timeout": 0.25, "operation_timeout": 4},
    {"media_url": "s3://ID:secret@shop?region=x"},
    {"content_check_fallback": "accept", "phone_conflict": "move"},
    {"database_url": "postgres://db/shop"},
]


@pytest.mark.parametrize("taken", TAKEN_IN_PRODUCTION)
def test_what_is_right_serves_in_production(taken: dict[str, Any]) -> None:
    assert complaints(**taken) == []


@pytest.mark.parametrize("environment", ["production", "development"])
@pytest.mark.parametrize(("wrong", "complaint"), ALWAYS)
def test_what_serving_needs_is_needed_everywhere(wrong: dict[str, Any], complaint: str, environment: str) -> None:
    (told,) = complaints(**wrong, environment=environment)

    assert told.startswith(complaint)


@pytest.mark.parametrize(("wrong", "complaint"), IN_PRODUCTION)
def test_production_refuses_what_development_takes(wrong: dict[str, Any], complaint: str) -> None:
    (told,) = complaints(**wrong)

    assert told.startswith(complaint)
    assert complaints(**wrong, environment="development") == []


def test_everything_is_told_at_once() -> None:
    told = complaints(
        secret_keys=f"x,{GUESSABLE}",
        appsecret="changeme",
        apps=apps((APPID, SECRET), (OTHER_APPID, "example")),
        wechat_api_url="http://127.0.0.1:8001",
        public_url="http://shop.example",
    )

    assert [fault.partition(";")[0].partition(" (")[0] for fault in told] == [
        "APPLETQL_SECRET_KEYS: key 1 is no Fernet key",
        f"APPLETQL_APPS: names {APPID} more than once",
        "APPLETQL_SECRET_KEYS: holds a key that anybody can guess",
        f"APPLETQL_APPSECRET: of {APPID} looks like a placeholder",
        f"APPLETQL_APPSECRET: of {OTHER_APPID} looks like a placeholder",
        "APPLETQL_WECHAT_API_URL: points at a sandbox",
        "APPLETQL_PUBLIC_URL: must be https: WeChat calls nothing else",
    ]


def test_nothing_set_names_what_is_missing_and_no_more() -> None:
    assert [fault.setting for fault in faults_for_serving(read_settings())] == [
        "APPLETQL_SECRET_KEYS",
        "APPLETQL_APPID",
    ]


def encoded(lengths: st.SearchStrategy[bytes]) -> st.SearchStrategy[str]:
    return lengths.map(lambda key: urlsafe_b64encode(key).decode())


@given(key=st.one_of(st.text(max_size=60), encoded(st.binary(min_size=30, max_size=34))))
@example(key=KEY)
@example(key=KEY.rstrip("="))
@example(key=f"{KEY}=")
@example(key=f"!{KEY}")
@example(key=f"\N{CJK UNIFIED IDEOGRAPH-5BC6}{KEY}")
def test_a_key_is_taken_where_the_cipher_takes_it(key: str) -> None:
    try:
        Fernet(key)
        usable = True
    except ValueError:
        usable = False

    assert (complaints(secret_keys=[key], environment="development") == []) is usable
