"""What every test shares: asyncio as anyio's backend, fresh databases, a world, a log that is searched."""

import functools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from graphql import DocumentNode, GraphQLSchema, validate

from tests import canaries
from tests.databases import Databases, PostgresCluster, SqliteFolder
from tests.world import World, open_world

_LOG = pytest.StashKey[Path]()
_LEAKS = pytest.StashKey["LeaksOfWorkers"]()
_ALONE = (
    "tests/edge/test_hostile.py",
    "tests/end_to_end/test_hostile.py",
    "tests/end_to_end/test_login.py",
    "tests/models/test_unit_of_work.py",
    "tests/chaos/test_outage.py",
    "tests/chaos/test_postgres.py",
    "tests/orders/test_notifications_forged.py",
    "tests/orders/test_notifications_storm.py",
    "tests/wechat/test_storm.py",
    "tests/worker/test_acceptance.py",
)
_PROCESSES = (
    "tests/chaos/test_terms.py",
    "tests/playground/",
    "tests/process/",
    "tests/worker/test_kills.py",
    "tests/worker/test_processes.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Everything that is logged from here on goes to a file of this run."""
    path = Path(str(config.rootpath)) / "test-results" / f"log-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.jsonl"
    path.parent.mkdir(exist_ok=True)
    config.stash[_LOG] = path
    config.stash[_LEAKS] = LeaksOfWorkers()
    config.pluginmanager.register(config.stash[_LEAKS])
    canaries.listen(path.open("w", encoding="utf-8"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what must have the machine to itself, and what waits for processes of its own."""
    for item in items:
        if item.nodeid.startswith(_ALONE):
            item.add_marker(pytest.mark.alone)
        elif item.nodeid.startswith(_PROCESSES):
            item.add_marker(pytest.mark.processes)


class LeaksOfWorkers:
    """What the workers of a parallel run found in their logs; they cannot fail the run themselves."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.found += getattr(node, "workeroutput", {}).get("leaked", [])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """No token, code, openid, unionid or secret that any test met may have been logged."""
    leaked = canaries.found_in(session.config.stash[_LOG]) + session.config.stash[_LEAKS].found
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaked"] = leaked
    elif leaked:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"\nSecrets were logged: {', '.join(leaked)}", red=True)


@pytest.fixture(scope="session")
def suite_log(pytestconfig: pytest.Config) -> Path:
    """Where this run logs."""
    return pytestconfig.stash[_LOG]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def merchant_keys_are_read_once() -> Iterator[None]:
    """The sandbox's merchant has the same key in every test, and cryptography takes 40 ms to check it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("wechat.pay.merchant.load_pem_private_key", functools.cache(load_pem_private_key))
        yield


@pytest.fixture(scope="session", autouse=True)
def documents_are_validated_once() -> Iterator[None]:
    """Each test has a server of its own, which would validate the documents of all the others again: 5 ms each."""
    known: dict[tuple[Any, ...], Any] = {}

    def validate_once(schema: GraphQLSchema, document: DocumentNode, rules: Any, **given: Any) -> Any:
        assert document.loc
        key = id(schema), document.loc.source.body, id(rules), *given.items()
        if key not in known:
            known[key] = schema, validate(schema, document, rules, **given)  # the schema is kept, so that its id is
        return known[key][1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("server.graphql.documents.validate", validate_once)
        yield


@pytest.fixture(scope="module")
def documents_are_validated_anew() -> Iterator[None]:
    """As in life, for tests that hold the time of documents against the clock."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("server.graphql.documents.validate", validate)
        yield


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteFolder:
    return SqliteFolder.make(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    # Not below pytest's own folder, which another run of pytest closes to the user that PostgreSQL runs as.
    with (
        tempfile.TemporaryDirectory(prefix="appletql-", ignore_cleanup_errors=True) as folder,
        PostgresCluster.started(Path(folder) / "pg") as cluster,
    ):
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


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A server and a sandbox of its own, on each database."""
    async with open_world(database_url) as world:
        yield world
