"""Each setting as it is read, the defaults, and which source wins."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from server.settings import AppSettings, Fault, Settings, SettingsError, read_settings

APPID = "wx4f4bc4dec97d474b"
APPS = f'[{{"appid": "{APPID}", "secret": "one", "name": "shop"}}, {{"appid": "wx12345", "secret": "two"}}]'

READ: list[tuple[str, str, Any]] = [
    ("environment", "development", "development"),
    ("host", "0.0.0.0", "0.0.0.0"),  # noqa: S104  (a value to be read, nothing listens)
    ("port", "9000", 9000),
    ("port", "0", 0),
    ("database_url", "sqlite://shop.db", SecretStr("sqlite://shop.db")),
    ("database_url", "postgres://u:p@db/shop", SecretStr("postgres://u:p@db/shop")),
    ("database_url", "postgresql://db/shop", SecretStr("postgresql://db/shop")),
    ("database_url", "postgres://u:p%2F%40@[::1]:5432/s", SecretStr("postgres://u:p%2F%40@[::1]:5432/s")),
    ("database_url", "sqlite://:memory:", SecretStr("sqlite://:memory:")),
    ("database_url", "sqlite:///srv/a:b.db?mode=1", SecretStr("sqlite:///srv/a:b.db?mode=1")),
    ("database_pool_size", "25", 25),
    ("secret_keys", "one", (SecretStr("one"),)),
    ("secret_keys", " one, two ,,", (SecretStr("one"), SecretStr("two"))),
    ("appid", APPID, APPID),
    ("appsecret", "secret", SecretStr("secret")),
    (
        "apps",
        APPS,
        (
            AppSettings(appid=APPID, secret=SecretStr("one"), name="shop"),
            AppSettings(appid="wx12345", secret=SecretStr("two")),
        ),
    ),
    ("apps", "[]", ()),
    ("wechat_api_url", "http://127.0.0.1:8001/", "http://127.0.0.1:8001"),
    ("wechat_timeout", "0.5", 0.5),
    ("pay_api_url", "http://127.0.0.1:8001/", "http://127.0.0.1:8001"),
    ("mchid", "1900005440", "1900005440"),
    ("mchid", "001900", "001900"),
    ("mch_serial", "0123456789abcdef0123456789ABCDEF01234567", "0123456789abcdef0123456789ABCDEF01234567"),
    ("mch_key_file", "/etc/pay/apiclient_key.pem", Path("/etc/pay/apiclient_key.pem")),
    ("mch_key_file", "apiclient_key.pem", Path("apiclient_key.pem")),
    ("apiv3_key", "one", (SecretStr("one"),)),
    ("apiv3_key", " one, two ,,", (SecretStr("one"), SecretStr("two"))),
    ("pay_public_key_id", "PUB_KEY_ID_0119000054402026", "PUB_KEY_ID_0119000054402026"),
    ("pay_public_key_file", "/etc/pay/pub_key.pem", Path("/etc/pay/pub_key.pem")),
    ("alert_webhook_url", "https://chat.example/send?key=0f", SecretStr("https://chat.example/send?key=0f")),
    ("alert_webhook_url", "http://10.0.0.7:9000/alerts", SecretStr("http://10.0.0.7:9000/alerts")),
    ("order_ttl", "5", 5),
    ("order_ttl", "110", 110),
    ("public_url", "https://shop.example/api/", "https://shop.example/api"),
    ("public_url", "http://[::1]:8000", "http://[::1]:8000"),
    ("graphiql", "true", True),
    ("graphiql", "0", False),
    ("media_url", "file:///srv/media", SecretStr("file:///srv/media")),
    ("media_url", "s3://ID:s%2F@shop/v1?region=x", SecretStr("s3://ID:s%2F@shop/v1?region=x")),
    ("content_check_fallback", "accept", "accept"),
    ("content_check_fallback", "refuse", "refuse"),
    ("phone_conflict", "move", "move"),
    ("phone_conflict", "refuse", "refuse"),
    ("phone_data_max_age", "10", 10),
    ("phone_data_max_age", "86400", 86_400),
    ("operation_timeout", "30", 30.0),
    ("drain_seconds", "0", 0.0),
    ("log_level", "DEBUG", "DEBUG"),
]

DEFAULTS: dict[str, Any] = {
    "environment": "production",
    "host": "127.0.0.1",
    "port": 8000,
    "database_url": SecretStr("sqlite://./appletql.db"),
    "database_pool_size": 10,
    "secret_keys": (),
    "appid": None,
    "appsecret": None,
    "apps": (),
    "wechat_api_url": "https://api.weixin.qq.com",
    "wechat_timeout": 2.5,
    "pay_api_url": "https://api.mch.weixin.qq.com",
    "mchid": None,
    "mch_serial": None,
    "mch_key_file": None,
    "apiv3_key": (),
    "pay_public_key_id": None,
    "pay_public_key_file": None,
    "alert_webhook_url": None,
    "order_ttl": 30,
    "public_url": None,
    "graphiql": None,
    "media_url": SecretStr("file://./media"),
    "content_check_fallback": "refuse",
    "phone_conflict": "refuse",
    "phone_data_max_age": 300,
    "operation_timeout": 15.0,
    "drain_seconds": 2.0,
    "log_level": "INFO",
}


def write_env(folder: Path, *lines: str) -> None:
    (folder / ".env").write_text("\n".join(lines), encoding="utf-8")


def changed(settings: Settings) -> dict[str, Any]:
    """What is not as the defaults have it."""
    fields = {name: getattr(settings, name) for name in Settings.model_fields}
    return {name: value for name, value in fields.items() if value != DEFAULTS[name]}


def test_the_defaults_are_those_of_production() -> None:
    assert changed(read_settings()) == {}
    assert set(Settings.model_fields) == set(DEFAULTS)


def test_the_table_has_each_setting() -> None:
    assert {name for name, _, _ in READ} == set(DEFAULTS)


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_each_is_read_from_its_variable_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any
) -> None:
    monkeypatch.setenv(f"APPLETQL_{name.upper()}", text)

    settings = read_settings()

    assert getattr(settings, name) == value
    assert changed(settings).keys() <= {name}


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_each_is_read_from_the_file_too(tmp_path: Path, name: str, text: str, value: Any) -> None:
    write_env(tmp_path, f"APPLETQL_{name.upper()}='{text}'")

    settings = read_settings()

    assert getattr(settings, name) == value
    assert changed(settings).keys() <= {name}


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"APPLETQL_{name.upper()}", "")

    assert changed(read_settings()) == {}


def test_names_are_read_in_small_letters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("appletql_port", "9000")

    assert read_settings().port == 9000


def test_other_names_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("APPLETQL_PROT", "9000")
    write_env(tmp_path, "DATABASE_URL=postgres://db/shop", "APPLETQL_COLOUR=red")

    assert changed(read_settings()) == {}


def test_the_environment_beats_the_file_and_overrides_beat_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_env(tmp_path, "APPLETQL_HOST=file", "APPLETQL_PORT=1", "APPLETQL_DATABASE_POOL_SIZE=3")
    monkeypatch.setenv("APPLETQL_HOST", "environment")
    monkeypatch.setenv("APPLETQL_PORT", "2")

    settings = read_settings(host="override")

    assert (settings.host, settings.port, settings.database_pool_size) == ("override", 2, 3)


def test_an_override_of_none_takes_a_value_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPLETQL_APPID", APPID)

    assert read_settings(appid=None).appid is None


def test_the_file_is_that_of_this_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    write_env(tmp_path, "APPLETQL_PORT=9000")

    assert read_settings().port == 9000
    monkeypatch.chdir(below)
    assert read_settings().port == 8000


def test_the_file_may_have_comments_exports_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeffAPPLETQL_PORT=9000\n# a comment\n\nexport APPLETQL_HOST='shop' # why\n"
    (tmp_path / ".env").write_text(text, encoding="utf-8")

    settings = read_settings()

    assert (settings.port, settings.host) == (9000, "shop")


def test_settings_stay_as_they_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings()
    monkeypatch.setenv("APPLETQL_PORT", "9000")

    assert settings.port == 8000
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 9000  # type: ignore[misc]  # frozen


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"environment": "production"}, False),
        ({"environment": "production", "graphiql": True}, True),
        ({"environment": "development"}, True),
        ({"environment": "development", "graphiql": False}, False),
    ],
)
def test_graphiql_is_for_development_unless_it_is_said(given: dict[str, Any], shown: bool) -> None:
    assert read_settings(**given).has_graphiql is shown


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": 9000}, "http://0.0.0.0:9000"),  # noqa: S104  (a value to be read)
        ({"public_url": "https://shop.example/api/", "port": 9000}, "https://shop.example/api"),
    ],
)
def test_phones_reach_it_at_its_public_address_or_where_it_listens(given: dict[str, Any], address: str) -> None:
    assert read_settings(**given).own_url == address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000/wechat/pay/notify"),
        ({"public_url": "https://shop.example/api/"}, "https://shop.example/api/wechat/pay/notify"),
    ],
)
def test_notifications_are_sent_where_the_server_is_reached(given: dict[str, Any], address: str) -> None:
    assert read_settings(**given).notify_url == address


@pytest.mark.parametrize(("given", "takes"), [({}, False), ({"mchid": "1900005440"}, True)])
def test_payments_are_taken_where_there_is_a_merchant(given: dict[str, Any], takes: bool) -> None:
    assert read_settings(**given).takes_payments is takes


@pytest.mark.parametrize(
    ("given", "followed"),
    [
        ({"environment": "development"}, None),
        ({"environment": "development", "wechat_api_url": "https://api.weixin.qq.com/"}, None),
        ({"environment": "development", "wechat_api_url": "http://127.0.0.1:8001"}, "http://127.0.0.1:8001"),
        ({"environment": "production", "wechat_api_url": "http://127.0.0.1:8001"}, None),
    ],
)
def test_a_sandbox_is_followed_in_development_alone(given: dict[str, Any], followed: str | None) -> None:
    assert read_settings(**given).sandbox_url == followed


@pytest.mark.parametrize(
    ("given", "appids"),
    [
        ({}, []),
        ({"appid": APPID, "appsecret": "one"}, [APPID]),
        ({"apps": APPS}, [APPID, "wx12345"]),
        ({"appid": "wx99999", "appsecret": "three", "apps": APPS}, ["wx99999", APPID, "wx12345"]),
        ({"appid": "wx99999", "apps": APPS}, [APPID, "wx12345"]),
        ({"appsecret": "three"}, []),
    ],
)
def test_the_mini_program_of_its_own_variables_comes_first(given: dict[str, Any], appids: list[str]) -> None:
    programs = read_settings(**given).mini_programs

    assert [program.appid for program in programs] == appids
    assert all(program.secret.get_secret_value() in ("one", "two", "three") for program in programs)


def test_a_file_in_another_encoding_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APPLETQL_PORT=9000\n", encoding="utf-16")

    with pytest.raises(SettingsError) as raised:
        read_settings()

    assert raised.value.faults == [Fault(".env", "is not in UTF-8; save it again in that encoding")]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to("/proc/self/mem")  # a file that nobody, not even root, reads from its start

    with pytest.raises(SettingsError) as raised:
        read_settings()

    assert raised.value.faults == [Fault(".env", "cannot be read (OSError)")]
