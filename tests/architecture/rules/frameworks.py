"""Which library may be imported where: one table, complete, with reasons."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

from tests.architecture.rules.importing import Import, imports
from tests.architecture.rules.sources import FLOORS, Source


@dataclass(frozen=True)
class Placement:
    """`where` are patterns of paths, in which `*` stands for folders too; `why` is what breaks elsewhere."""

    libraries: tuple[str, ...]
    where: tuple[str, ...]
    why: str


PLACEMENTS = (
    Placement(
        ("strawberry", "graphql"),
        ("schema/*", "server/*"),
        "what clients see is one floor: resolvers and services speak rows and plain values",
    ),
    Placement(
        ("strawberry.dataloader",),
        ("resolvers/*", "schema/*", "server/*"),
        "loading many rows at once is a resolver's business, and a DataLoader knows nothing of GraphQL",
    ),
    Placement(
        ("starlette", "uvicorn"),
        ("server/*", "sandbox/*"),
        "only a process that listens knows HTTP requests",
    ),
    Placement(
        ("httpx",),
        ("wechat/*", "server/wiring.py", "server/sandbox_clock.py", "server/alerts.py", "sandbox/pay/sending_http.py"),
        "the wire is one floor; wiring opens its clients; development follows the sandbox's clock; it posts notices",
    ),
    Placement(
        ("cryptography",),
        ("wechat/*", "sandbox/*", "models/encryption.py"),
        "signatures and ciphers belong to the wire, its witness has its own, and rest is sealed in one module",
    ),
    Placement(
        ("tortoise", "pypika_tortoise", "aiosqlite", "asyncpg"),
        ("models/*", "services/*", "server/wiring.py"),
        "another database, or another layer over it, must be a matter of two folders",
    ),
    Placement(
        ("PIL",),
        ("services/media/images.py", "sandbox/wxacode_picture.py"),
        "hostile bytes are decoded in one place, behind its limits and off the event loop; the sandbox only draws",
    ),
    Placement(("obstore",), ("services/media/store.py",), "where pictures are kept is a matter of one module"),
    Placement(
        ("python_multipart",),
        ("server/multipart.py",),
        "forms are read in one place, whose limits Starlette's own reader does not have",
    ),
    Placement(("structlog",), ("server/*",), "what is logged, and what must never be, is decided in one place"),
    Placement(("click", "rich"), ("server/cli.py", "server/cli/*"), "a terminal is one way in among several"),
    Placement(
        ("pydantic", "pydantic_settings"),
        ("server/settings*.py",),
        "settings are read once; everything else takes plain arguments",
    ),
    Placement(("prometheus_client",), ("server/*",), "metrics are the process's, its registry is made in wiring"),
)


def misplaced(sources: Iterable[Source]) -> list[str]:
    """Imports of a library where the table does not have it, and of libraries that the table does not name."""
    return [
        source.at(found.node, complaint)
        for source in sources
        if source.is_product
        for found in imports(source)
        if (complaint := _complaint(source.path, found))
    ]


def _complaint(path: str, found: Import) -> str | None:
    if found.top in FLOORS or found.top in sys.stdlib_module_names:
        return None
    fitting = [(library, row) for row in PLACEMENTS for library in row.libraries if _within(found.target, library)]
    if not fitting:
        return f"{found.target} has no place in the table of frameworks"
    library, row = max(fitting, key=lambda pair: len(pair[0]))
    if any(fnmatch(path, pattern) for pattern in row.where):
        return None
    return f"{found.target}: {library} only in {', '.join(row.where)} ({row.why})"


def _within(target: str, library: str) -> bool:
    return f"{target}.".startswith(f"{library}.")
