"""Migrations: they make what the models say, on both databases, and lose no row on the way."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from domain.problems import Unavailable
from models.database import MODULES, is_sqlite, open_database, tortoise_config
from models.migrator import migrate, pending_migrations, schema_drift
from tests.databases import Databases
from tests.process.forked import run

pytestmark = pytest.mark.anyio
MIGRATIONS = sorted(path.stem for path in Path("models/migrations").glob("[0-9]*.py"))
APPLIED = [*(f"applied {name}" for name in MIGRATIONS), f"{len(MIGRATIONS)} migrations applied"]

SQLITE_SCHEMA = """
SELECT m.name AS t, 'column' AS kind, c.name AS name,
       c.type || c."notnull" || coalesce(c.dflt_value, '') || c.pk AS what
       FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
UNION ALL SELECT m.name, 'foreign key', f."from", f."table" || f."to" || f.on_delete
       FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
UNION ALL SELECT m.name, 'index', (SELECT group_concat(i.name) FROM pragma_index_info(l.name) i), l."unique" || l.origin
       FROM sqlite_master m, pragma_index_list(m.name) l WHERE m.type = 'table'
ORDER BY 1, 2, 3, 4"""
POSTGRES_SCHEMA = """
SELECT table_name AS t, column_name AS name, data_type || coalesce(character_maximum_length::text, '') || is_nullable
       || coalesce(column_default, '') AS what FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3"""


def all_models() -> list[type[Model]]:
    found = [vars(import_module(module)).values() for module in MODULES]
    return [
        thing
        for things in found
        for thing in things
        if isinstance(thing, type) and issubclass(thing, Model) and thing is not Model
    ]


def silent(_name: str) -> None: ...


async def schema_of(url: str) -> list[dict[str, Any]]:
    async with open_database(url) as units:
        statement = SQLITE_SCHEMA if is_sqlite(url) else POSTGRES_SCHEMA
        found = await units.read(lambda: units.connection().execute_query_dict(statement))
    return [row for row in found if "tortoise_mi" not in str(row) and "sqlite_sequence" not in str(row)]


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


# Rows by the migration that makes their tables, in its own columns: models know later ones too.
SEEDS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path("tests/data/seeds").glob("*.sql"))}
ROWS = {
    "users": 2,
    "identities": 1,
    "sessions": 1,
    "incidents": 1,
    "phones": 1,
    "media": 1,
    "sealed_keys": 1,
    "shares": 1,
    "share_visits": 1,
    "attributions": 1,
    "products": 1,
    "orders": 1,
    "order_items": 1,
    "payments": 1,
    "refunds": 1,
    "notices": 1,
    "ledger": 1,
    "order_events": 1,
    "jobs": 1,
    "reconciliations": 2,
}


async def execute(url: str, *statements: str) -> list[list[dict[str, Any]]]:
    """Each in a unit of its own, with its rows."""
    async with open_database(url) as units:

        async def one(statement: str) -> list[dict[str, Any]]:
            return await units.connection().execute_query_dict(statement)

        return [await units.run(one, statement) for statement in statements]


async def seed(url: str, migration: str) -> None:
    await execute(url, *filter(None, SEEDS[migration].splitlines()))


async def sown(url: str) -> dict[str, int]:
    counted = await execute(url, *(f"SELECT count(*) AS n FROM {table}" for table in ROWS))  # noqa: S608  (names above)
    return {table: rows[0]["n"] for table, rows in zip(ROWS, counted, strict=True)}


Rows = list[dict[str, Any]]


async def contents(url: str) -> dict[str, Rows]:
    """Every row of the tables that are there by now."""
    listed = "SELECT name FROM sqlite_master" if is_sqlite(url) else "SELECT tablename AS name FROM pg_tables"
    [names] = await execute(url, listed)
    tables = sorted(ROWS.keys() & {row["name"] for row in names})
    found = await execute(url, *(f"SELECT * FROM {table}" for table in tables))  # noqa: S608  (names above)
    return {table: sorted(([*map(dict, rows)]), key=str) for table, rows in zip(tables, found, strict=True)}


def without_new_columns(rows: Rows, before: Rows) -> Rows:
    return sorted(({name: row[name] for name in before[0]} for row in rows), key=str)


async def migrated_and_sown(databases: Databases) -> str:
    """Every migration applied, and its rows sown before the next, which changes no value of them."""
    url = databases.empty()
    before: dict[str, Rows] = {}
    for name in MIGRATIONS:
        await migrate(url, silent, name)
        after = await contents(url)
        assert {table: without_new_columns(after[table], rows) for table, rows in before.items()} == before
        await seed(url, name)
        before = await contents(url)
    return url


async def test_seeded_rows_survive_every_step(databases: Databases) -> None:
    url = await migrated_and_sown(databases)

    assert await sown(url) == ROWS
    async with open_database(url) as units:
        assert await pending_migrations(units) == []
    assert {model._meta.db_table for model in all_models()} == set(ROWS)
    assert list(SEEDS) == MIGRATIONS


async def test_a_row_that_others_hang_on_cannot_be_deleted(databases: Databases) -> None:
    url = await migrated_and_sown(databases)
    for table in ("users", "identities", "shares", "products", "orders", "payments"):
        with pytest.raises(IntegrityError):
            await execute(url, f"DELETE FROM {table}")  # noqa: S608  (names in this line)

    assert await sown(url) == ROWS


async def test_a_second_migrate_does_nothing_and_several_processes_at_once_take_turns(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.empty()

    done = await asyncio.gather(
        *(asyncio.to_thread(run, tmp_path, "migrate", APPLETQL_DATABASE_URL=url) for _ in range(4))
    )

    assert [each.returncode for each in done] == [0] * 4
    said = sorted([each.stdout.splitlines() for each in done], key=len)
    assert said == [*[["the database is up to date"]] * 3, APPLIED]
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
