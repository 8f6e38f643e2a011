"""What a user gets wrong at the command line: told in one line, and nothing is made or changed."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server.cli import main
from tests.databases import SqliteFolder
from tests.process.forked import run

KEY = "Zm9ydHktdHdvIGlzIHRoZSBhbnN3ZXIsIGJ1dCB3aHk="
COMMANDS = [
    ("orders", "list"),
    ("incidents", "resolve", "inc_0", "--note", "seen", "--yes"),
    ("operators", "add", "usr_0"),
    ("products", "import", "tea.csv"),
    ("verify",),
    ("keys", "rotate"),
    ("phones", "release", "+8613800138000", "--yes"),
    ("orders", "sync", "--pending"),
    ("incidents", "resolve", "inc_0", "--accept", "--yes"),
    ("reconcile",),
]
SERVING = {
    "APPLETQL_SECRET_KEYS": KEY,
    "APPLETQL_APPID": "wx4f4bc4dec97d474b",
    "APPLETQL_APPSECRET": "0f4bc4dec97d474b0f4bc4dec97d474b",
}


def name(arguments: tuple[str, ...]) -> str:
    return " ".join(arguments[:2])


@pytest.mark.parametrize("arguments", COMMANDS, ids=name)
def test_in_another_folder_no_database_is_made(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _ = (tmp_path / "tea.csv").write_text("title,price\nt,1\n")
    before = sorted(tmp_path.iterdir())

    done = run(tmp_path, *arguments, **SERVING)

    told = "appletql: there is no database appletql.db here: change to its folder, or make it with appletql migrate\n"
    assert done.stderr.removeprefix("checking: 100 %\n") == told
    assert (done.stdout, done.returncode) == ("", 1)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "is_there"),
    [(COMMANDS[0], False), (COMMANDS[5], False), (COMMANDS[6], True), (COMMANDS[7], True), (COMMANDS[9], True)],
    ids=["orders list", "keys rotate", "phones release", "orders sync", "reconcile"],
)
def test_a_database_that_is_not_migrated_is_told(
    sqlite: SqliteFolder, tmp_path: Path, arguments: tuple[str, ...], is_there: bool
) -> None:
    url = sqlite.empty()
    path = Path(url.removeprefix("sqlite://"))
    if is_there:
        path.touch()

    done = run(tmp_path, *arguments, APPLETQL_DATABASE_URL=url, **SERVING)

    told = "appletql: the database is not migrated; run appletql migrate\n"
    assert (done.stdout, done.stderr, done.returncode) == ("", told, 1)
    assert path.exists() == is_there


@pytest.mark.parametrize("arguments", [("orders", "list", "--since"), ("reconcile", "--date")], ids=name)
@pytest.mark.parametrize("text", ["yesterday", "2026-02-30"])
def test_what_is_no_day_is_told_with_an_example(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    done = run(tmp_path, *arguments, text)

    assert done.stderr.splitlines()[-1] == (
        f"Error: Invalid value for '{arguments[-1]}': {text!r} is no day; write one as 2026-11-20"
    )
    assert (done.stdout, done.returncode) == ("", 2)


def test_keys_need_nothing_but_their_settings(sqlite: SqliteFolder, tmp_path: Path) -> None:
    faulty = {"APPLETQL_PORT": "none", "APPLETQL_MCHID": "none", "APPLETQL_PUBLIC_URL": "none"}
    done = run(tmp_path, "keys", "status", APPLETQL_DATABASE_URL=sqlite.fresh(), APPLETQL_SECRET_KEYS=KEY, **faulty)
    assert (done.returncode, [line for line in done.stderr.splitlines() if line.startswith("appletql")]) == (0, [])


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for word, command in group.commands.items():
        yield (*before, word)
        if isinstance(command, click.Group):
            yield from commands(command, *before, word)


def test_each_command_explains_itself() -> None:
    helps = {it: CliRunner().invoke(main, [*it, "--help"]) for it in commands(main)}

    assert len(helps) > 25
    for arguments, done in helps.items():
        assert done.exit_code == 0
        assert done.stdout.startswith(f"Usage: main {' '.join(arguments)} ")
        assert "%Y" not in done.stdout
