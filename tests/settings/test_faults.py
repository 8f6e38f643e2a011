"""What cannot be read: each fault by its setting and exact message, all at once, and never a value in them."""

import json
import traceback
from typing import Any

import pytest

from server.settings import Fault, Settings, SettingsError, read_settings

CANARY = "c4n4ry-0fa9"
SECRET = "s3cr3t-c4n4ry-77"
APPID_SHAPE = "String should match pattern '^wx[0-9A-Za-z]{4,30}$'"
WEBHOOK_SHAPE = "must be an http or https address without a password before the host"
MCHID_SHAPE = "String should match pattern '^[0-9]{6,32}$'"
SERIAL_SHAPE = "String should match pattern '^[0-9A-Fa-f]{8,64}$'"
PUBLIC_KEY_ID_SHAPE = "String should match pattern '^PUB_KEY_ID_[0-9]{1,64}$'"
ADDRESS_SHAPE = "must be an http or https address without a query or a password"
DATABASE_PARTS = "cannot be read; percent-encode what is special in the user and the password"
DATABASE_FILE = "names no file: sqlite://./appletql.db is one in this folder"
MEDIA_SHAPE = "must be file://FOLDER or s3://KEY_ID:SECRET@BUCKET[/PREFIX]?region=…[&endpoint=https://…]"
APPS_SHAPE = 'must be a JSON list, as in [{"appid": "wx…", "secret": "…", "name": "shop"}]'
NUMBER = "Input should be a valid number, unable to parse string as a number"
INTEGER = "Input should be a valid integer, unable to parse string as an integer"

REFUSED = [
    ("ENVIRONMENT", CANARY, "ENVIRONMENT", "Input should be 'development' or 'production'"),
    ("PORT", CANARY, "PORT", INTEGER),
    ("PORT", "-1", "PORT", "Input should be greater than or equal to 0"),
    ("PORT", "65536", "PORT", "Input should be less than or equal to 65535"),
    ("DATABASE_URL", f"mysql://u:{CANARY}@db/shop", "DATABASE_URL", "must start with sqlite:// or postgres://"),
    *(
        ("DATABASE_URL", text, "DATABASE_URL", DATABASE_PARTS)
        for text in (
            f"postgres://user:pass/{CANARY}@db/shop",
            f"postgres://user:pass?{CANARY}@db/shop",
            f"postgres://user:pass#{CANARY}@db/shop",
            f"postgres://user:pass[{CANARY}@db/shop",
            f"postgres://user:{CANARY}\N{ACCOUNT OF}@db/shop",
            f"postgres://user:{CANARY}@db:port/shop",
            f"postgres://user:{CANARY}@db:65536/shop",
            f"postgresql://user:{CANARY}@[db/shop",
            f"sqlite://[{CANARY}",
        )
    ),
    *(
        ("DATABASE_URL", text, "DATABASE_URL", DATABASE_FILE)
        for text in ("sqlite://", f"sqlite://?key={CANARY}", f"sqlite://#{CANARY}")
    ),
    ("DATABASE_POOL_SIZE", CANARY, "DATABASE_POOL_SIZE", INTEGER),
    ("DATABASE_POOL_SIZE", "1", "DATABASE_POOL_SIZE", "Input should be greater than or equal to 2"),
    ("DATABASE_POOL_SIZE", "201", "DATABASE_POOL_SIZE", "Input should be less than or equal to 200"),
    ("APPID", CANARY, "APPID", APPID_SHAPE),
    ("APPID", "wx123", "APPID", APPID_SHAPE),
    ("APPS", CANARY, "APPS", APPS_SHAPE),
    ("APPS", f'[{{"appid": "wx12345", "secret": "{CANARY}"', "APPS", APPS_SHAPE),
    ("APPS", f'{{"wx12345": "{CANARY}"}}', "APPS", "Input should be a valid tuple"),
    (
        "APPS",
        f'["{CANARY}"]',
        "APPS[0]",
        "Input should be a valid dictionary or instance of AppSettings",
    ),
    ("APPS", f'[{{"appid": "{CANARY}", "secret": "x"}}]', "APPS[0].appid", APPID_SHAPE),
    ("APPS", '[{"appid": "wx12345"}]', "APPS[0].secret", "Field required"),
    (
        "APPS",
        '[{"appid": "wx12345", "secret": ""}]',
        "APPS[0].secret",
        "Value should have at least 1 item after validation, not 0",
    ),
    ("WECHAT_API_URL", CANARY, "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"ftp://{CANARY}", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://127.0.0.1/?token={CANARY}", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://127.0.0.1/#{CANARY}", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://user:{CANARY}@127.0.0.1", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://:{CANARY}@127.0.0.1", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://[{CANARY}]", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://{CANARY}\N{ACCOUNT OF}@host", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", "http://127.0.0.1:65536", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", f"http://127.0.0.1:{CANARY}", "WECHAT_API_URL", ADDRESS_SHAPE),
    ("WECHAT_API_URL", "http://127.0.0.1 8001", "WECHAT_API_URL", ADDRESS_SHAPE),
    *(
        ("PAY_API_URL", text, "PAY_API_URL", ADDRESS_SHAPE)
        for text in (CANARY, f"ftp://{CANARY}", f"https://user:{CANARY}@pay", f"https://pay/?key={CANARY}")
    ),
    *(
        ("MCHID", text, "MCHID", MCHID_SHAPE)
        for text in (CANARY, "12345", "1" * 33, "19000\u0661\u0662", "190000 5440")
    ),
    *(("MCH_SERIAL", text, "MCH_SERIAL", SERIAL_SHAPE) for text in (CANARY, "0123456", "0" * 65, "0x0123456789")),
    *(
        ("PAY_PUBLIC_KEY_ID", text, "PAY_PUBLIC_KEY_ID", PUBLIC_KEY_ID_SHAPE)
        for text in (CANARY, "0119000054402026", "PUB_KEY_ID_", f"PUB_KEY_ID_{CANARY}", "pub_key_id_0119")
    ),
    *(
        ("ALERT_WEBHOOK_URL", text, "ALERT_WEBHOOK_URL", WEBHOOK_SHAPE)
        for text in (CANARY, f"ftp://{CANARY}", f"https://user:{CANARY}@chat.example", f"https://?key={CANARY}")
    ),
    ("ORDER_TTL", CANARY, "ORDER_TTL", INTEGER),
    ("ORDER_TTL", "4", "ORDER_TTL", "Input should be greater than or equal to 5"),
    ("ORDER_TTL", "111", "ORDER_TTL", "Input should be less than or equal to 110"),
    ("ORDER_TTL", "7.5", "ORDER_TTL", INTEGER),
    ("PUBLIC_URL", f"shop.example/{CANARY}", "PUBLIC_URL", ADDRESS_SHAPE),
    ("WECHAT_TIMEOUT", CANARY, "WECHAT_TIMEOUT", NUMBER),
    ("WECHAT_TIMEOUT", "0", "WECHAT_TIMEOUT", "Input should be greater than 0"),
    ("WECHAT_TIMEOUT", "11", "WECHAT_TIMEOUT", "Input should be less than or equal to 10"),
    ("WECHAT_TIMEOUT", "nan", "WECHAT_TIMEOUT", "Input should be less than or equal to 10"),
    ("GRAPHIQL", CANARY, "GRAPHIQL", "Input should be a valid boolean, unable to interpret input"),
    *(
        ("MEDIA_URL", text, "MEDIA_URL", MEDIA_SHAPE)
        for text in (
            CANARY,
            f"/srv/{CANARY}",
            "file://",
            f"https://ID:{CANARY}@shop?region=x",
            f"s3://ID:{CANARY}@shop",
            f"s3://ID:{CANARY}@SHOP?region=x",
            f"s3://ID:pass/{CANARY}@shop?region=x",
            f"s3://ID:{CANARY}@shop?region=x&endpoint=https://user:{CANARY}@cos",
            f"s3://ID:{CANARY}@[shop?region=x",
        )
    ),
    ("CONTENT_CHECK_FALLBACK", CANARY, "CONTENT_CHECK_FALLBACK", "Input should be 'refuse' or 'accept'"),
    ("PHONE_CONFLICT", CANARY, "PHONE_CONFLICT", "Input should be 'refuse' or 'move'"),
    ("PHONE_DATA_MAX_AGE", CANARY, "PHONE_DATA_MAX_AGE", INTEGER),
    ("PHONE_DATA_MAX_AGE", "9", "PHONE_DATA_MAX_AGE", "Input should be greater than or equal to 10"),
    ("PHONE_DATA_MAX_AGE", "86401", "PHONE_DATA_MAX_AGE", "Input should be less than or equal to 86400"),
    ("OPERATION_TIMEOUT", CANARY, "OPERATION_TIMEOUT", NUMBER),
    ("OPERATION_TIMEOUT", "61", "OPERATION_TIMEOUT", "Input should be less than or equal to 60"),
    ("DRAIN_SECONDS", CANARY, "DRAIN_SECONDS", NUMBER),
    ("DRAIN_SECONDS", "-1", "DRAIN_SECONDS", "Input should be greater than or equal to 0"),
    ("LOG_LEVEL", CANARY, "LOG_LEVEL", "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
]
TAKES_ANY_TEXT = {"HOST", "SECRET_KEYS", "APPSECRET", "APIV3_KEY", "MCH_KEY_FILE", "PAY_PUBLIC_KEY_FILE"}


def refusal(**overrides: Any) -> SettingsError:
    """The error, after a look that no value is in it, nor in what hangs on it."""
    with pytest.raises(SettingsError) as raised:
        read_settings(**overrides)
    error = raised.value
    shown = "".join((*traceback.format_exception(error), repr(error), str(error.args), str(error.faults)))
    assert not [private for private in (CANARY, SECRET) if private in shown]
    assert (error.__cause__, error.__context__) == (None, None)
    return error


def test_the_table_has_each_setting() -> None:
    assert {name for name, _, _, _ in REFUSED} | TAKES_ANY_TEXT == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize(("variable", "text", "setting", "message"), REFUSED)
def test_each_fault_names_its_setting_and_no_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, setting: str, message: str
) -> None:
    monkeypatch.setenv(f"APPLETQL_{variable}", text)

    error = refusal()

    assert error.faults == [Fault(f"APPLETQL_{setting}", message)]
    assert str(error) == f"APPLETQL_{setting}: {message}"


def test_all_faults_are_told_at_once_in_the_order_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    broken = {
        "LOG_LEVEL": CANARY,
        "APPS": f'[{{"appid": "{CANARY}"}}, {{"appid": "wx12345", "secret": "{SECRET}"}}, 5]',
        "PORT": CANARY,
        "ENVIRONMENT": CANARY,
        "DATABASE_URL": SECRET,
        "APPSECRET": SECRET,
    }
    for name, value in broken.items():
        monkeypatch.setenv(f"APPLETQL_{name}", value)

    # when
    error = refusal()

    # then
    assert [fault.setting for fault in error.faults] == [
        "APPLETQL_ENVIRONMENT",
        "APPLETQL_PORT",
        "APPLETQL_DATABASE_URL",
        "APPLETQL_APPS[0].appid",
        "APPLETQL_APPS[0].secret",
        "APPLETQL_APPS[2]",
        "APPLETQL_LOG_LEVEL",
    ]
    assert str(error) == "; ".join(f"{fault.setting}: {fault.message}" for fault in error.faults)


def test_an_override_is_checked_like_a_variable() -> None:
    assert refusal(port=CANARY, appsecret="").faults == [
        Fault("APPLETQL_PORT", INTEGER),
        Fault("APPLETQL_APPSECRET", "Value should have at least 1 item after validation, not 0"),
    ]


def test_no_way_of_showing_settings_shows_a_secret() -> None:
    # given
    settings = read_settings(
        database_url=f"postgres://user:{SECRET}@db/shop",
        media_url=f"s3://{SECRET}:{SECRET}@shop?region=x",
        alert_webhook_url=f"https://chat.example/send?key={SECRET}",
        secret_keys=f"{SECRET}1,{SECRET}2",
        apiv3_key=f"{SECRET}3,{SECRET}4",
        appid="wx12345",
        appsecret=SECRET,
        apps=[{"appid": "wx67890", "secret": SECRET, "name": "shop"}],
    )

    # when
    shown = [
        repr(settings),
        str(settings),
        f"{settings}",
        settings.model_dump_json(),
        json.dumps(settings.model_dump(mode="json")),
        str(settings.model_dump()),
        repr(settings.mini_programs),
        str(settings.apps[0]),
        settings.apps[0].model_dump_json(),
        repr(settings.model_copy()),
    ]

    # then
    assert not [text for text in shown if SECRET in text]
    assert all("wx67890" in text for text in shown)
    assert settings.apiv3_key[1].get_secret_value() == f"{SECRET}4"
    assert settings.secret_keys[1].get_secret_value() == f"{SECRET}2"
    assert settings.media_url.get_secret_value() == f"s3://{SECRET}:{SECRET}@shop?region=x"
