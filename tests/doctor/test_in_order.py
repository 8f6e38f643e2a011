"""A good set-up has no fault, on either database, and looking at it changes nothing."""

import sqlite3
from pathlib import Path

import pytest

from server.doctor_findings import Verdict
from tests.databases import Databases, SqliteFolder
from tests.doctor.surgery import KEY, ONE, OTHER_KEY, TWO, Patient, add_person, contents, dumped, of, the

pytestmark = pytest.mark.anyio


async def test_all_is_in_order_and_nothing_is_changed(patient_on_each: Patient, databases: Databases) -> None:
    # given
    url = patient_on_each.given["database_url"]
    await add_person(url, KEY)
    await add_person(url, OTHER_KEY)
    before = dumped(databases, url)

    # when
    found = await patient_on_each.findings(secret_keys=f"{KEY},{OTHER_KEY}")

    # then
    assert [(finding.verdict, finding.check) for finding in found] == [
        (Verdict.OK, check)
        for check in (
            "settings",
            "serving",
            "database",
            *(["connections"] if url.startswith("postgres") else []),
            "migrations",
            "stored session_keys",
            "pictures",
            "WeChat Pay",
            "WeChat Pay's keys",
            "WeChat",
            "clock",
            f"credentials of {ONE.appid}",
            f"credentials of {TWO.appid}",
        )
    ]
    assert the(found, "stored session_keys").found == "2 tried, all open"
    assert dumped(databases, url) == before


async def test_an_empty_database_has_nothing_to_open(patient: Patient) -> None:
    found = await patient.findings()

    assert the(found, "stored session_keys").found == "none yet"
    assert of(found, Verdict.OK) == [finding.check for finding in found]


async def test_a_database_in_use_is_looked_at_beside_its_user(patient: Patient, sqlite: SqliteFolder) -> None:
    # given
    url = sqlite.fresh()
    await add_person(url, KEY)
    with sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None) as user:
        user.execute("BEGIN IMMEDIATE")

        # when
        found = await patient.findings(database_url=url)

        # then
        user.execute("ROLLBACK")
    user.close()
    assert the(found, "stored session_keys").found == "1 tried, all open"


async def test_a_restored_backup_keeps_its_way_of_journalling(
    patient: Patient, sqlite: SqliteFolder, tmp_path: Path
) -> None:
    # given
    backup = tmp_path / "backup.db"
    with sqlite3.connect(sqlite.template) as source:
        source.execute(f"VACUUM INTO '{backup}'")
    source.close()
    before = backup.read_bytes()
    assert before[18] == 1  # a rollback journal, no write-ahead log

    # when
    found = await patient.findings(database_url=f"sqlite://{backup}")

    # then
    assert of(found, Verdict.FAULT) == []
    assert backup.read_bytes() == before
    assert contents(tmp_path) == [backup.name]
