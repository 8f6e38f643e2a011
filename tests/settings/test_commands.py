"""Commands as processes: what goes wrong is one line each on standard error, without a value and without a trace."""

import re
import sqlite3
from pathlib import Path

import click
import pytest
from cryptography.fernet import Fernet

from server.cli.failures import told_in_one_line
from tests.process.running import free_port, run

CANARY = "c4n4ry-0fa9"
LOG_LEVEL = "appletql: APPLETQL_LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"
SCHEME = "appletql: APPLETQL_DATABASE_URL: must start with sqlite:// or postgres://"
PARTS = "appletql: APPLETQL_DATABASE_URL: cannot be read; percent-encode what is special in the user and the password"


def told(folder: Path, *arguments: str, **variables: str) -> list[str]:
    """Standard error of a command that fails, after a look that the canary is not shown and nothing was made."""
    environment = {f"APPLETQL_{name}": value for name, value in variables.items()}
    failed = run(folder, *arguments, **environment)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert CANARY not in failed.stderr
    assert "Traceback" not in failed.stderr
    assert list(folder.glob("*.db")) == []
    return failed.stderr.splitlines()


def serving() -> dict[str, str]:
    return {
        "SECRET_KEYS": Fernet.generate_key().decode(),
        "APPID": "wx4f4bc4dec97d474b",
        "APPSECRET": "0123456789abcdef0123456789abcdef",
    }


def strange_option(option: str = "nonsense=1") -> str:
    return f"postgres://user:{CANARY}@127.0.0.1:{free_port()}/shop?{option}"


def test_migrate_needs_the_database_alone(tmp_path: Path) -> None:
    # given
    variables = {"PORT": "abc", "APPS": CANARY, "MEDIA_URL": CANARY, "DATABASE_URL": f"sqlite://{tmp_path}/shop.db"}

    # when
    done = run(tmp_path, "migrate", **{f"APPLETQL_{name}": value for name, value in variables.items()})

    # then
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"(applied \d{4}_\w+\n)+\d+ migrations applied\n", done.stdout)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        (applied,) = database.execute("SELECT count(*) FROM tortoise_migrations").fetchone()
    database.close()
    assert done.stdout.count("applied 0") == applied


@pytest.mark.parametrize(
    ("url", "line"),
    [(f"mysql://{CANARY}", SCHEME), (f"postgres://user:pass/{CANARY}@db/shop", PARTS)],
)
def test_migrate_tells_the_fault_of_the_database_and_no_other(tmp_path: Path, url: str, line: str) -> None:
    assert told(tmp_path, "migrate", PORT=CANARY, DATABASE_URL=url) == [line]


def test_an_option_that_the_driver_does_not_know_is_told_by_kind_and_place(tmp_path: Path) -> None:
    [line] = told(tmp_path, "migrate", DATABASE_URL=strange_option())

    assert re.fullmatch(r"appletql: unexpected TypeError at \S+asyncpg\S+\.py:\d+", line)


@pytest.mark.parametrize(("option", "kind"), [("nonsense=1", "TypeError"), (f"max_size={CANARY}", "ValueError")])
def test_serve_tells_it_in_one_line_too(tmp_path: Path, option: str, kind: str) -> None:
    [line] = told(tmp_path, "serve", "--port", "0", DATABASE_URL=strange_option(option), **serving())

    assert re.fullmatch(rf"appletql: unexpected {kind} at \S+\.py:\d+", line)


def test_a_setting_that_dev_cannot_read_is_told_in_one_line(tmp_path: Path) -> None:
    assert told(tmp_path, "dev", "--port", "0", "--sandbox-port", "0", LOG_LEVEL="debug") == [LOG_LEVEL]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "schema.graphql"

    assert told(tmp_path, "schema", "-o", str(file)) == [f"appletql: No such file or directory: {file}"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError(CANARY), r"unexpected RuntimeError at \S+test_commands\.py:\d+"),
        (ExceptionGroup(CANARY, [ValueError(CANARY)]), r"unexpected ExceptionGroup at \S+test_commands\.py:\d+"),
        (OSError(CANARY), "OSError: no file"),
        (TimeoutError(), "TimeoutError: no file"),
        (FileNotFoundError(2, "No such file or directory", "shop.db"), "No such file or directory: shop.db"),
    ],
)
def test_whatever_comes_out_is_one_line_without_its_text(
    capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    with pytest.raises(SystemExit) as ended, told_in_one_line():
        raise error

    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    assert re.fullmatch(f"appletql: {line}\n", err)


@pytest.mark.parametrize("error", [click.ClickException("as it is"), click.Abort(), click.exceptions.Exit(3)])
def test_what_click_tells_by_itself_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, told_in_one_line():
        raise error

    assert raised.value is error
