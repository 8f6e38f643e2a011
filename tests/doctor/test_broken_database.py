"""Databases that cannot be used, each with its own advice; nothing is made and nothing is changed."""

import asyncio
import socket
import time
from pathlib import Path

import pytest

from server.doctor import diagnose
from server.doctor_database import check_database
from server.doctor_findings import Finding, Verdict
from tests.databases import Databases, PostgresCluster, SqliteFolder
from tests.doctor.surgery import (
    CANARY,
    Patient,
    contents,
    dumped,
    faults,
    of,
    refusing_postgres,
    silent_server,
    the,
)
from tests.process.running import free_port

pytestmark = pytest.mark.anyio

MIGRATIONS = Path(__file__).parents[2] / "models" / "migrations"


async def look(patient: Patient, url: str) -> Finding:
    """The one fault, after a look that all else is skipped and that the canary is not told."""
    found = await check_database(patient.settings(database_url=url), keys_are_usable=True)
    assert faults(found) == ["database"]
    assert of(found, Verdict.SKIPPED) == ["migrations", "stored session_keys"]
    assert CANARY not in str(found)
    return the(found, "database")


async def test_a_missing_file_is_not_made(patient: Patient, tmp_path: Path) -> None:
    finding = await look(patient, f"sqlite://{tmp_path}/shop.db")

    assert finding.found == f"{tmp_path}/shop.db does not exist yet"
    assert finding.advice == "Run appletql migrate."
    assert contents(tmp_path) == []


async def test_the_default_is_a_file_in_this_folder(patient: Patient, tmp_path: Path) -> None:
    finding = await look(patient, "sqlite://./appletql.db")

    assert finding.found == "appletql.db does not exist yet"
    assert contents(tmp_path) == []


async def test_a_database_that_is_not_migrated_stays_so(patient: Patient, postgres: PostgresCluster) -> None:
    # given
    url = postgres.empty()
    before = dumped(postgres, url)

    # when
    found = await check_database(patient.settings(database_url=url), keys_are_usable=True)

    # then
    assert faults(found) == ["migrations"]
    names = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
    assert names
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    assert the(found, "migrations").found == f"{len(names)} pending: {shown}"
    assert the(found, "migrations").advice == "Run appletql migrate."
    assert the(found, "stored session_keys").found == "not checked: the database is not migrated"
    assert dumped(postgres, url) == before


async def test_another_programs_sqlite_database_is_told_as_not_migrated(patient: Patient, tmp_path: Path) -> None:
    # given
    header = b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20\0\0\0\x01\0\0\0\x01"
    file = tmp_path / "other.db"
    file.write_bytes(
        header.ljust(56, b"\0") + b"\0\0\0\x01".ljust(44, b"\0") + b"\x0d\0\0\0\0\x10\0\0".ljust(3996, b"\0")
    )
    before = file.read_bytes()

    # when
    found = await check_database(patient.settings(database_url=f"sqlite://{file}"), keys_are_usable=True)

    # then
    assert faults(found) == ["migrations"]
    assert file.read_bytes() == before
    assert contents(tmp_path) == [file.name]


async def test_an_empty_file_is_told_as_not_migrated(patient: Patient, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    file.touch()

    finding = await look(patient, f"sqlite://{file}")

    assert (finding.found, finding.advice) == (f"{file} is empty", "Run appletql migrate.")
    assert file.read_bytes() == b""
    assert contents(tmp_path) == [file.name]


async def test_a_folder_that_is_none_is_told(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for folder in ("file", "missing"):
        finding = await look(patient, f"sqlite://{tmp_path}/{folder}/shop.db")

        assert finding.found == f"{tmp_path}/{folder} is no folder"
        assert finding.advice == "Make it, or correct APPLETQL_DATABASE_URL."
    assert contents(tmp_path) == ["file"]


async def test_a_folder_in_the_place_of_the_file_is_told(patient: Patient, tmp_path: Path) -> None:
    finding = await look(patient, f"sqlite://{tmp_path}")

    assert finding.found == f"{tmp_path} cannot be written to"
    assert finding.advice == "Look at its owner and rights, or correct APPLETQL_DATABASE_URL."


async def test_a_file_of_another_kind_is_left_alone(patient: Patient, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    file.write_text("no database\n", encoding="utf-8")

    finding = await look(patient, f"sqlite://{file}")

    assert finding.found == f"{file} is no SQLite database"
    assert finding.advice == "Correct APPLETQL_DATABASE_URL, or move that file away."
    assert file.read_text(encoding="utf-8") == "no database\n"


async def test_a_damaged_file_is_told_and_left_alone(patient: Patient, sqlite: SqliteFolder, tmp_path: Path) -> None:
    # given
    file = tmp_path / "shop.db"
    good = sqlite.template.read_bytes()
    file.write_bytes(good[:100] + b"\xff" * (len(good) - 100))
    before = file.read_bytes()

    # when
    finding = await look(patient, f"sqlite://{file}")

    # then
    assert finding.found == f"{file} cannot be used"
    assert finding.advice.endswith("if it is damaged, use a backup.")
    assert file.read_bytes() == before


async def test_a_database_in_memory_cannot_be_served(patient: Patient) -> None:
    finding = await look(patient, "sqlite://:memory:")

    assert finding.found == "SQLite in memory ends with the process, migrations too"
    assert finding.advice == "Name a file in APPLETQL_DATABASE_URL."


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_port_where_nothing_listens_is_told(patient: Patient, host: str) -> None:
    finding = await look(patient, f"postgres://user:{CANARY}@{host}:{free_port()}/shop")

    assert finding.found == f"PostgreSQL at {host}, database shop: nothing listens there"
    assert finding.advice == "Start PostgreSQL, or correct host and port in APPLETQL_DATABASE_URL."


async def test_a_wrong_name_is_told(patient: Patient, postgres: PostgresCluster) -> None:
    finding = await look(patient, postgres.url("misspelt"))

    assert finding.found.endswith("database misspelt: there is no database of this name")
    assert finding.advice.startswith("Create it (createdb), or correct the name at the end of")


@pytest.mark.parametrize(
    ("sqlstate", "found", "advice"),
    [
        ("28P01", "the user or the password is refused", "Correct APPLETQL_DATABASE_URL; in its password"),
        ("28000", "this user is not let in from here", "Look at the user in APPLETQL_DATABASE_URL and at"),
        ("53300", "no connection is left", "Raise max_connections there, or lower APPLETQL_DATABASE_POOL_SIZE."),
        ("57P03", "it is starting or stopping", "Run appletql doctor again in a moment."),
        ("XX000", "it cannot be used (InternalServerError)", "Look into PostgreSQL's own log."),
    ],
)
async def test_what_postgresql_refuses_is_told_by_its_code(
    patient: Patient, sqlstate: str, found: str, advice: str
) -> None:
    async with refusing_postgres(sqlstate) as url:
        finding = await look(patient, url)

    assert finding.found == f"PostgreSQL at 127.0.0.1, database shop: {found}"
    assert finding.advice.startswith(advice)


async def test_a_postgresql_that_does_not_answer_is_given_up(patient: Patient) -> None:
    async with silent_server() as port:
        started = time.monotonic()
        finding = await look(patient, f"postgres://user:{CANARY}@127.0.0.1:{port}/shop")

    assert finding.found.endswith("no answer in time")
    assert "firewall" in finding.advice
    assert time.monotonic() - started < 8


async def test_an_unknown_host_is_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)

    finding = await look(patient, f"postgres://user:{CANARY}@db.shop.test/shop")

    assert finding.found == "PostgreSQL at db.shop.test, database shop: DNS does not know the host"


async def test_an_option_that_the_driver_does_not_know_is_told(patient: Patient) -> None:
    finding = await look(patient, f"postgres://user:{CANARY}@127.0.0.1:{free_port()}/shop?nonsense=1")

    assert finding.found.endswith("the options are not understood")
    assert finding.advice.endswith("PostgreSQL's options are asyncpg's, and libpq's sslmode.")


@pytest.mark.parametrize(
    "url", [f"postgres://user:{CANARY}@db/shop?max_size={CANARY}", f"sqlite://shop.db?journal_size_limit={CANARY}"]
)
async def test_an_option_that_is_no_number_is_told_without_a_piece_of_it(patient: Patient, url: str) -> None:
    finding = await look(patient, url)

    assert finding.found == "the options in APPLETQL_DATABASE_URL cannot be read (ValueError)"
    assert finding.advice.startswith("Correct what stands after the ? in APPLETQL_DATABASE_URL")


@pytest.mark.parametrize(
    ("url", "found", "advice"),
    [
        (f"postgres://user:pass/{CANARY}@db/shop", "cannot be read", "Percent-encode what is special in the user and"),
        (f"postgres://user:{CANARY}@db:port/shop", "cannot be read", "Percent-encode what is special in the user and"),
        (
            f"sqlite://?key={CANARY}",
            "names no file: sqlite://./appletql.db is one in this folder",
            "Set it right, in the environment or in .env",
        ),
    ],
)
async def test_an_address_that_cannot_be_read_is_a_fault_of_the_settings(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, found: str, advice: str
) -> None:
    for name, value in patient.variables(DATABASE_URL=url).items():
        monkeypatch.setenv(name, value)

    findings = [finding async for finding in diagnose([], tmp_path / ".env")]

    assert faults(findings) == ["APPLETQL_DATABASE_URL"]
    assert of(findings, Verdict.SKIPPED) == ["database", "pictures", "WeChat Pay", "WeChat"]
    finding = the(findings, "APPLETQL_DATABASE_URL")
    assert (finding.found, finding.advice.startswith(advice)) == (found, True)
    assert CANARY not in str(findings)
    assert contents(tmp_path) == []


@pytest.mark.parametrize("sign", "/?#")
async def test_the_rest_of_a_password_is_not_taken_for_the_name_of_a_database(patient: Patient, sign: str) -> None:
    finding = await look(patient, f"postgres://127.0.0.1:{free_port()}{sign}{CANARY}@db/shop")

    assert finding.found.startswith("PostgreSQL: ")


@pytest.mark.parametrize(("size", "verdict"), [(100, Verdict.OK), (101, Verdict.WARNING)])
async def test_a_pool_larger_than_what_postgresql_gives_is_a_warning(
    patient: Patient, postgres: PostgresCluster, size: int, verdict: Verdict
) -> None:
    settings = patient.settings(database_url=postgres.fresh(), database_pool_size=size)

    found = await check_database(settings, keys_are_usable=True)

    finding = the(found, "connections")
    assert finding.found == f"up to {size} for each process, of 100 that PostgreSQL gives to all its clients"
    assert (finding.verdict, faults(found)) == (verdict, [])
    assert not finding.advice or finding.advice.startswith("Lower APPLETQL_DATABASE_POOL_SIZE, or raise max_conn")


async def test_each_database_is_told_apart_when_it_is_fine(patient: Patient, databases: Databases) -> None:
    url = databases.fresh()

    found = await check_database(patient.settings(database_url=url), keys_are_usable=True)

    kind = "SQLite, " if url.startswith("sqlite") else "PostgreSQL at "
    assert the(found, "database").found.startswith(kind)
    assert faults(found) == []
