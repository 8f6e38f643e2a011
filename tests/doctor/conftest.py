"""A clean environment in a folder of its own, one sandbox for all tests, and set-ups that are right."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox.server import SandboxServer, create_server, running
from tests import canaries
from tests.databases import SqliteFolder
from tests.doctor.surgery import KEY, ONE, PRIVATE, TWO, Patient


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("APPLETQL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    canaries.add(*PRIVATE)


@pytest.fixture(scope="session")
async def one_sandbox() -> AsyncIterator[SandboxServer]:
    async with running(create_server(port=0, embedded=True)) as server:
        yield server


@pytest.fixture
def sandbox(one_sandbox: SandboxServer) -> SandboxServer:
    one_sandbox.wechat.faults.clear()
    return one_sandbox


def _patient(sandbox: SandboxServer, database_url: str) -> Patient:
    apps = [{"appid": app.appid, "secret": app.secret, "name": app.name} for app in (ONE, TWO)]
    given = {
        "environment": "development",
        "database_url": database_url,
        "secret_keys": KEY,
        "apps": apps,
        "wechat_api_url": sandbox.url,
        "wechat_timeout": 1.0,
    }
    return Patient(sandbox, given)


@pytest.fixture
def patient(sandbox: SandboxServer, sqlite: SqliteFolder) -> Iterator[Patient]:
    """On SQLite; whatever the test looked at, the database is byte for byte what it was."""
    url = sqlite.fresh()
    before = sqlite.dump(url)
    yield _patient(sandbox, url)
    assert sqlite.dump(url) == before


@pytest.fixture
def patient_on_each(sandbox: SandboxServer, database_url: str) -> Patient:
    """On SQLite, then on PostgreSQL; the test may write, and compares for itself."""
    return _patient(sandbox, database_url)
