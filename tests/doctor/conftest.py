"""A clean environment in a folder of its own, one sandbox for all tests, and set-ups that are right."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import SandboxServer, create_server, running
from tests import canaries
from tests.databases import SqliteFolder
from tests.doctor.surgery import KEY, ONE, PRIVATE, TWO, Patient
from tests.shop import merchant_settings


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


@pytest.fixture(scope="session")
def merchant(one_sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The sandbox's merchant as settings; its keys are beside the folder that a test works in."""
    return merchant_settings(one_sandbox.wechat.pay.merchant, tmp_path_factory.mktemp("merchant"))


@pytest.fixture
def sandbox(one_sandbox: SandboxServer) -> SandboxServer:
    one_sandbox.wechat.faults.clear()
    one_sandbox.wechat.pay.clear()
    return one_sandbox


def _patient(sandbox: SandboxServer, merchant: dict[str, Any], database_url: str) -> Patient:
    apps = [{"appid": app.appid, "secret": app.secret, "name": app.name} for app in (ONE, TWO)]
    given = {
        "environment": "development",
        "database_url": database_url,
        "secret_keys": KEY,
        "apps": apps,
        "wechat_api_url": sandbox.url,
        "wechat_timeout": 1.0,
        "pay_api_url": sandbox.url,
        **merchant,
    }
    return Patient(sandbox, given)


@pytest.fixture
def patient(sandbox: SandboxServer, merchant: dict[str, Any], sqlite: SqliteFolder) -> Iterator[Patient]:
    """On SQLite; whatever the test looked at, the database is byte for byte what it was."""
    url = sqlite.fresh()
    before = sqlite.dump(url)
    yield _patient(sandbox, merchant, url)
    assert sqlite.dump(url) == before


@pytest.fixture
def patient_on_each(sandbox: SandboxServer, merchant: dict[str, Any], database_url: str) -> Patient:
    """On SQLite, then on PostgreSQL; the test may write, and compares for itself."""
    return _patient(sandbox, merchant, database_url)
