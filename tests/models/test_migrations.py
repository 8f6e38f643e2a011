"""Migrations: they make what the models say, on both databases, and lose no row on the way."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError

from domain.problems import Unavailable
from models.accounts import Identity, Session, User
from models.database import is_sqlite, open_database, tortoise_config
from models.incidents import Incident
from models.migrator import migrate, pending_migrations, schema_drift
from tests.databases import Databases

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, tzinfo=UTC)
MIGRATIONS = sorted(path.stem for path in Path("models/migrations").glob("[0-9]*.py"))

SQLITE_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
POSTGRES_SCHEMA = """
SELECT table_name AS t, column_name AS name, data_type || coalesce(character_maximum_length::text, '') || is_nullable
       || coalesce(column_default, '') AS what FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3"""


def silent(_name: str) -> None: ...


async def schema_of(url: str) -> list[dict[str, Any]]:
    async with open_database(url) as units:
        statement = SQLITE_SCHEMA if is_sqlite(url) else POSTGRES_SCHEMA
        found = await units.read(lambda: units.connection().execute_query_dict(statement))
    return [
        {name: statement_lines(value) for name, value in row.items()} for row in found if "tortoise_mi" not in str(row)
    ]


def statement_lines(value: Any) -> Any:
    """SQLite gives statements as they were written: comments, blanks and the order of columns are no difference."""
    if not isinstance(value, str):
        return value
    return sorted(" ".join(re.sub(r"/\*.*?\*/", "", line).split()).strip(" ,") for line in value.splitlines())


async def test_models_and_migrations_agree() -> None:
    assert [writer.as_string() for writer in await schema_drift()] == []


async def test_the_schema_after_all_migrations_equals_a_fresh_one(databases: Databases) -> None:
    fresh = databases.empty()
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(fresh))
        await context.generate_schemas(safe=False)
    migrated = databases.empty()
    await migrate(migrated, silent)

    assert await schema_of(migrated) == await schema_of(fresh)
    assert len(await schema_of(migrated)) > 4


async def seed() -> None:
    """One row for each table, in the columns of the first migration, so that it can be sown before any other."""
    user = await User.create(id="usr_1", unionid="union", nickname="张三", created_at=NOW)
    merged = await User.create(id="usr_2", merged_into=user, created_at=NOW)
    assert merged.merged_into_id == user.id
    identity = await Identity.create(
        id="idn_1", user=user, appid="wx1", openid="o1", session_key="sealed", created_at=NOW
    )
    session = await Session.create(id="ses_1", identity=identity, token_hash="h" * 64, created_at=NOW, last_used_at=NOW)
    incident = await Incident.create(id="inc_1", kind="k", subject=session.id, created_at=NOW)
    assert incident.reference == ""


async def sown() -> list[int]:
    return [await model.all().count() for model in (User, Identity, Session, Incident)]


async def test_seeded_rows_survive_every_step(databases: Databases) -> None:
    url = databases.empty()
    await migrate(url, silent, MIGRATIONS[0])
    async with open_database(url) as units:
        await units.run(seed)

    for name in MIGRATIONS[1:]:
        await migrate(url, silent, name)
        async with open_database(url) as units:
            assert await units.read(sown) == [2, 1, 1, 1]

    async with open_database(url) as units:
        assert await units.read(sown) == [2, 1, 1, 1]
        assert await pending_migrations(units) == []


async def test_a_row_that_others_hang_on_cannot_be_deleted(database_url: str) -> None:
    async with open_database(database_url) as units:
        await units.run(seed)
        for delete in (User.all, Identity.all):
            with pytest.raises(IntegrityError):
                await units.run(lambda rows: rows().delete(), delete)
        assert await units.read(sown) == [2, 1, 1, 1]


async def test_a_second_migrate_does_nothing_and_two_at_once_take_turns(databases: Databases) -> None:
    url = databases.empty()

    counted = await asyncio.gather(*(asyncio.to_thread(asyncio.run, migrate(url, silent)) for _ in range(4)))

    assert sorted(counted) == [0, 0, 0, len(MIGRATIONS)]
    assert await migrate(url, silent) == 0


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///nonexistent/folder/appletql.db",
        "postgres://nobody:nothing@127.0.0.1:1/none",
    ],
)
async def test_an_unreachable_database_is_told_at_once(url: str) -> None:
    with pytest.raises(Unavailable):
        await migrate(url, silent)
    with pytest.raises(Unavailable):
        async with open_database(url):
            pass
