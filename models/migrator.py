"""Bringing a database to the present schema, one process at a time, and telling whether it is there."""

import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget, PlanStep
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.writer import format_migration_name

from domain.problems import Unavailable
from models.database import APP, check_first_connect, tortoise_config
from models.failures import is_unavailability
from models.transactions import transaction
from models.unit_of_work import UnitsOfWork

Progress = Callable[[str], None]
"""Called with the name of each migration once it is applied."""

_LOCK = 0x0A991E7
"""An arbitrary number of our own for PostgreSQL's advisory lock: two processes that migrate take turns."""


async def migrate(url: str, progress: Progress, target: str = "__latest__") -> int:
    """Applies what is pending, up to the migration `target`, and counts it; raises Unavailable without a database.

    Forward only: an operator who wants to go back restores a backup.
    """
    try:
        async with _executor(url) as executor:
            return await _apply(executor, progress, target)
    except Exception as error:
        if is_unavailability(error):
            raise Unavailable("The database cannot be reached.") from error
        raise


async def pending_migrations(units: UnitsOfWork) -> list[str]:
    """The names of migrations that are not applied yet, oldest first; raises Unavailable without a database."""
    applied = await units.read(lambda: _applied(units.connection()))
    return [name for name in _on_disk() if name not in applied]


async def _applied(client: BaseDBAsyncClient) -> set[str]:
    """The names that are recorded; Tortoise's own recorder takes every error for an empty table."""
    is_there = "SELECT 1 AS n FROM sqlite_master WHERE name = 'tortoise_migrations'"
    if client.capabilities.dialect != "sqlite":
        is_there = "SELECT 1 AS n WHERE to_regclass('tortoise_migrations') IS NOT NULL"
    if not await client.execute_query_dict(is_there):
        return set()
    rows = await client.execute_query_dict(f"SELECT name FROM tortoise_migrations WHERE app = '{APP}'")  # noqa: S608  (our constant)
    return {row["name"] for row in rows}


def _on_disk() -> list[str]:
    return sorted(path.stem for path in Path(__file__).with_name("migrations").glob("[0-9]*.py"))


async def make_migration(name: str) -> list[str]:
    """Writes what the models have that the migrations lack, and returns the paths; for developers."""
    writers = await schema_drift()
    for writer in writers:
        writer.name = format_migration_name(int(writer.name.split("_", 1)[0]), name)
    return [str(writer.write()) for writer in writers]


async def schema_drift() -> list[Any]:
    """Writers of the migrations that are missing; empty when models and migrations agree."""
    async with _executor("sqlite://:memory:") as executor:
        apps = {APP: tortoise_config("sqlite://:memory:")["apps"][APP]}
        return await MigrationAutodetector(executor.apps, apps).changes()


class _Executor(MigrationExecutor):
    """Tortoise's executor with the models it was opened for."""

    def __init__(self, connection: BaseDBAsyncClient, apps_config: dict[str, Any], apps: Any) -> None:
        super().__init__(connection, apps_config)
        self.apps = apps

    def steps(self, target: str, applied: set[MigrationKey]) -> list[PlanStep]:
        """What is missing up to `target`; raises ValueError for one that lies behind."""
        plan = self._migration_plan([MigrationTarget(APP, target)], applied, self.loader.graph)
        self._validate_plan_direction(plan, "forward")
        return plan

    async def state_after(self, applied: set[MigrationKey]) -> State:
        """The models as the applied migrations left them."""
        return await self._project_state(applied)

    def editor(self, client: BaseDBAsyncClient) -> Any:
        """What writes the statements of a migration, on the given connection."""
        editor = self._schema_editor(atomic=True)
        editor.client = client
        return editor


@asynccontextmanager
async def _executor(url: str) -> AsyncIterator[_Executor]:
    check_first_connect(url)
    config = tortoise_config(url, pool_size=2, for_migrations=True)
    async with TortoiseContext() as context:
        await context.init(config=config)
        connection = context.db()
        await connection.execute_query("SELECT 1")
        yield _Executor(connection, config["apps"], context.apps)


async def _apply(executor: _Executor, progress: Progress, target: str) -> int:
    connection = executor.connection
    async with _turn(connection):
        await executor.recorder.ensure_schema(executor.editor(connection))
        await executor.loader.build_graph()
        applied = {MigrationKey(APP, name) for name in await _applied(connection)}
        steps = executor.steps(target, applied)
        state = await executor.state_after(applied)
        for step in steps:
            # Applied and recorded in one transaction: dying in between would leave what no migration fits.
            async with transaction(connection) as client:
                await step.migration.apply(state, dry_run=False, schema_editor=executor.editor(client))
                await MigrationRecorder(client).record_applied(APP, step.migration.name)
            progress(step.migration.name)
        return len(steps)


@asynccontextmanager
async def _turn(connection: Any) -> AsyncIterator[None]:
    """Waits until no other process migrates this database."""
    if isinstance(connection, SqliteClient):
        with _file_lock(connection.filename):
            yield
        return
    async with connection.acquire_connection() as lock_holder:
        await lock_holder.execute(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            yield
        finally:
            await lock_holder.execute(f"SELECT pg_advisory_unlock({_LOCK})")


@contextmanager
def _file_lock(database_file: str) -> Iterator[None]:
    """A lock file beside the database: SQLite's own locks would be in the way of the migration itself."""
    if database_file == ":memory:":
        yield
        return
    with Path(f"{database_file}-migrate").open("w", encoding="ascii") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield
