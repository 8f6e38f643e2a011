"""When the database fails: what is told, what is no race, and that a refused commit leaves nothing behind."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tortoise.exceptions import IntegrityError

from domain.ids import Prefix, new_id
from domain.problems import Unavailable
from models.accounts import Session, User
from models.database import open_database
from models.migrator import migrate, pending_migrations
from models.unit_of_work import UnitsOfWork
from tests.databases import Databases, PostgresCluster, SqliteFolder

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
async def units(database_url: str) -> AsyncIterator[UnitsOfWork]:
    async with open_database(database_url) as units:
        yield units


async def create_user() -> None:
    user = await User.create(id=new_id(Prefix.USER, NOW), created_at=NOW)
    assert user.id


async def count_users() -> int:
    return await User.all().count()


async def test_a_broken_reference_is_no_race(units: UnitsOfWork) -> None:
    tries = 0

    async def body() -> None:
        nonlocal tries
        tries += 1
        session = Session(id="ses_1", identity_id="idn_none", token_hash="h", created_at=NOW, last_used_at=NOW)
        await session.save(force_create=True)
        await Session.all().count()

    with pytest.raises(IntegrityError):
        await units.run_again_if_raced(body)

    assert tries == 1


async def test_a_taken_key_is_a_race_and_ends_as_busy(units: UnitsOfWork, caplog: pytest.LogCaptureFixture) -> None:
    await units.run(create_user)
    [taken] = await units.read(User.all)
    tries = 0

    async def body() -> None:
        nonlocal tries
        tries += 1
        duplicate = await User.create(id=taken.id, created_at=NOW)
        assert duplicate is None

    with pytest.raises(Unavailable):
        await units.run_again_if_raced(body)

    assert tries == 8
    assert "a unit of work lost every race" in caplog.messages


async def test_a_database_that_is_locked_is_told_by_its_code(
    sqlite: SqliteFolder, caplog: pytest.LogCaptureFixture
) -> None:
    url = sqlite.fresh()
    async with open_database(f"{url}?busy_timeout=50") as units:
        with sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable):
                await units.run(create_user)
            other.execute("ROLLBACK")
        await units.run(create_user)

        assert await units.read(count_users) == 1
    [event] = [record for record in caplog.records if record.getMessage() == "the database failed"]
    assert vars(event)["sqlstate"] == "SQLITE_BUSY"


async def test_a_refused_commit_is_rolled_back_and_the_next_unit_works(sqlite: SqliteFolder) -> None:
    """Without a write-ahead log a reader of another process makes the commit itself fail."""
    path = Path(sqlite.fresh().removeprefix("sqlite://"))
    async with open_database(f"sqlite://{path}?journal_mode=DELETE&busy_timeout=50") as units:
        with sqlite3.connect(path, isolation_level=None) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM users").fetchall()
            with pytest.raises(Unavailable):
                await units.run(create_user)
            reader.execute("ROLLBACK")

        await units.run(create_user)

        assert await units.read(count_users) == 1


async def test_a_read_only_database_is_busy_and_not_ready(postgres: PostgresCluster) -> None:
    url = postgres.fresh()
    postgres.server.psql(f"ALTER DATABASE {url.split('/')[3].split('?')[0]} SET default_transaction_read_only = on;")
    async with open_database(url) as units:
        with pytest.raises(Unavailable):
            await units.run(create_user)

        assert await units.read(count_users) == 0
        assert await units.is_writable() is False


async def test_an_abandoned_unit_that_fails_is_told(units: UnitsOfWork, caplog: pytest.LogCaptureFixture) -> None:
    begun = asyncio.Event()

    async def body() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        raise LookupError

    caller = asyncio.create_task(units.run(body))
    await begun.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    await units.drain()
    await asyncio.sleep(0)

    [event] = [record for record in caplog.records if record.getMessage() == "an abandoned unit of work failed"]
    assert vars(event)["error"] == "LookupError"


async def test_a_migration_that_could_not_be_recorded_was_not_applied(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty()

    async def dies(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr("models.migrator.MigrationRecorder.record_applied", dies)
        with pytest.raises(Unavailable):
            await migrate(url, lambda _name: None)

    assert await migrate(url, lambda _name: None) > 0
    async with open_database(url) as units:
        assert await pending_migrations(units) == []
