"""Settings for commands that need few of them: a fault of another setting is not in their way."""

from pathlib import Path

import pytest

from server.settings import Fault, Settings, SettingsError, read_database_url, read_part

CANARY = "c4n4ry-0fa9"
URL = "postgres://user:secret@db/shop"
BROKEN = {
    "ENVIRONMENT": CANARY,
    "HOST": "0.0.0.0",  # noqa: S104  (a value to be read, nothing listens)
    "PORT": CANARY,
    "APPS": f'[{{"appid": "{CANARY}"}}, {CANARY}]',
    "MEDIA_URL": CANARY,
    "OPERATION_TIMEOUT": CANARY,
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BROKEN.items():
        monkeypatch.setenv(f"APPLETQL_{name}", value)


def refusal(*names: str) -> SettingsError:
    with pytest.raises(SettingsError) as raised:
        read_part(*names)
    error = raised.value
    assert CANARY not in f"{error!r}{error.faults}"
    assert (error.__cause__, error.__context__) == (None, None)
    return error


@pytest.mark.usefixtures("broken")
def test_faults_of_others_leave_the_address_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_database_url() == "sqlite://./appletql.db"

    monkeypatch.setenv("APPLETQL_DATABASE_URL", URL)

    assert read_database_url() == URL


@pytest.mark.usefixtures("broken")
def test_others_that_have_a_fault_are_at_their_defaults_and_the_rest_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPLETQL_SECRET_KEYS", "one,two")

    settings = read_part("database_url", "secret_keys")

    assert [key.get_secret_value() for key in settings.secret_keys] == ["one", "two"]
    assert settings.host == BROKEN["HOST"]
    assert {
        name for name in Settings.model_fields if getattr(settings, name) != Settings.model_fields[name].default
    } == {
        "host",
        "secret_keys",
    }


@pytest.mark.usefixtures("broken")
def test_a_fault_of_what_is_needed_is_told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPLETQL_DATABASE_URL", f"mysql://{CANARY}")

    fault = Fault("APPLETQL_DATABASE_URL", "must start with sqlite:// or postgres://")
    assert refusal("database_url", "secret_keys").faults == [fault]
    assert [found.setting for found in refusal("port", "apps").faults] == ["APPLETQL_PORT", "APPLETQL_APPS"]
    with pytest.raises(SettingsError) as raised:
        read_database_url()
    assert raised.value.faults == [fault]


def test_a_file_that_cannot_be_read_is_in_the_way_of_all(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"APPLETQL_DATABASE_URL={CANARY}", encoding="utf-16")

    assert [fault.setting for fault in refusal("database_url").faults] == [".env"]
