"""`appletql keys`: what it tells, how it exits, and that it shows no key."""

import asyncio
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.encryption import Cipher, new_secret_key
from server.cli import main
from tests.databases import Databases, SqliteFolder
from tests.keys.population import assert_whole, invent, sealed_values, store

NEW, OLD, FOREIGN = (new_secret_key() for _ in range(3))
REMOVABLE = "the older keys in APPLETQL_SECRET_KEYS can be removed; keep them with backups from before"


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def keys(command: str, url: str, *secret_keys: str) -> Result:
    """The finished command, after a look that it told no key."""
    known: dict[str, str | None] = {name: None for name in os.environ if name.startswith("APPLETQL_")}
    given = {"APPLETQL_DATABASE_URL": url, "APPLETQL_SECRET_KEYS": ",".join(secret_keys)}
    done = CliRunner().invoke(main, ["keys", command], env=known | given)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert not [key for key in secret_keys if key in done.output]
    return done


def test_from_status_through_rotation_to_the_old_key_removed(databases: Databases) -> None:
    url = databases.fresh()
    people = invent(100, seed=11)
    asyncio.run(store(url, people, OLD, NEW))

    before = keys("status", url, NEW, OLD)
    rotation = keys("rotate", url, NEW, OLD)
    after = keys("status", url, NEW)

    assert before.stdout.splitlines() == [
        "                                    key 1     key 2    no key",
        "identities.session_key                 50        50         0",
        "identities.previous_session_key        17        17         0",
        "phones.number                          50        50         0",
        "sealed_keys.value                       0         1         0",
        "orders.prepay_body                      0         0         0",
        "notices.body                            0         0         0",
        "all                                   117       118         0",
        "118 values under an older key: appletql keys rotate",
    ]
    assert rotation.stdout.splitlines() == [
        "118 values re-encrypted, 117 already under the first key",
        REMOVABLE,
    ]
    assert rotation.stderr.splitlines()[-1] == "checking: 100 %"
    assert after.stdout.splitlines()[-1] == "all                                   235         0"
    assert [done.exit_code for done in (before, rotation, after)] == [0, 0, 0]
    asyncio.run(assert_whole(url, people, NEW))


def test_values_that_no_key_opens_end_it_with_an_error(databases: Databases) -> None:
    url = databases.fresh()
    asyncio.run(store(url, invent(2, seed=12), OLD, FOREIGN))
    before = asyncio.run(sealed_values(url))

    rotation = keys("rotate", url, NEW, OLD)
    status = keys("status", url, NEW, OLD)

    told = (
        "2 values are opened by no key (1 in identities.session_key, 1 in phones.number); "
        "put the key that sealed them back, as the last of APPLETQL_SECRET_KEYS, and run this again"
    )
    assert rotation.stdout == "4 values re-encrypted, 0 already under the first key\n"
    assert rotation.stderr.splitlines()[-1] == status.stderr.splitlines()[-1] == told
    assert (rotation.exit_code, status.exit_code) == (1, 1)
    foreign = {place: sealed for place, sealed in before.items() if Cipher([FOREIGN]).place_of_key(sealed) == 0}
    assert foreign.items() <= asyncio.run(sealed_values(url)).items()


def test_with_one_key_there_is_nothing_to_rotate_from(databases: Databases) -> None:
    url = databases.fresh()
    asyncio.run(store(url, invent(1, seed=13), OLD))

    good = keys("rotate", url, OLD)
    wrong = keys("rotate", url, FOREIGN)

    assert good.stdout == "nothing to rotate from: APPLETQL_SECRET_KEYS holds one key, which opens 4 values\n"
    assert wrong.stdout == "nothing to rotate from: APPLETQL_SECRET_KEYS holds one key, which opens 0 values\n"
    assert wrong.stderr.splitlines()[-1].startswith("4 values are opened by no key (1 in identities.session_key, 1 in ")
    assert (good.exit_code, wrong.exit_code) == (0, 1)


def test_a_key_that_anybody_can_guess_can_be_rotated_away_from(sqlite: SqliteFolder) -> None:
    guessable = "A" * 43 + "="
    url = sqlite.fresh()
    asyncio.run(store(url, invent(1, seed=14), guessable))

    done = keys("rotate", url, NEW, guessable)

    assert done.stdout.splitlines() == ["4 values re-encrypted, 0 already under the first key", REMOVABLE]


@pytest.mark.parametrize(
    ("secret_keys", "told"),
    [
        ([], r"appletql: APPLETQL_SECRET_KEYS: is missing; make one with: .*\n"),
        ([NEW, "short"], r"appletql: APPLETQL_SECRET_KEYS: key 2 is no Fernet key .*\n"),
    ],
)
def test_a_missing_or_broken_key_is_told_in_one_line(sqlite: SqliteFolder, secret_keys: list[str], told: str) -> None:
    done = keys("rotate", sqlite.fresh(), *secret_keys)

    assert re.fullmatch(told, done.stderr)
    assert (done.stdout, done.exit_code) == ("", 1)


def test_a_database_that_is_not_migrated_is_told_in_one_line(databases: Databases) -> None:
    done = keys("status", databases.empty(), NEW)

    assert done.stderr == "appletql: the database is not migrated; run appletql migrate\n"
    assert (done.stdout, done.exit_code) == ("", 1)


def test_a_new_key_is_alone_on_standard_output() -> None:
    done = CliRunner().invoke(main, ["keys", "new"])

    assert Cipher([done.stdout.strip()]).key_count == 1
    assert done.stdout.count("\n") == 1
    assert "appletql keys rotate" in done.stderr
    assert done.stdout.strip() not in done.stderr
    assert done.exit_code == 0
