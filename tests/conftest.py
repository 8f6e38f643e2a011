"""What every test shares: asyncio as anyio's backend, and a fresh database on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.databases import Databases, PostgresCluster, SqliteFolder


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteFolder:
    return SqliteFolder.make(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresCluster]:
    with PostgresCluster.started(tmp_path_factory.mktemp("pg")) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Both kinds, one after the other; a PostgreSQL that does not start is a failure, never a skip."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database_url(databases: Databases) -> str:
    """The address of a migrated, empty database."""
    return databases.fresh()
