"""The repository as the rules read it: the files that git sees, and Python sources parsed once."""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[3]
FLOORS = ("domain", "models", "resolvers", "sandbox", "schema", "server", "services", "wechat")
MIGRATIONS = "models/migrations/"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the root, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        """The dotted name by which it is imported."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def floor(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def is_product(self) -> bool:
        """Written by hand and shipped."""
        return self.floor in FLOORS and not self.path.startswith(MIGRATIONS)

    def at(self, node: ast.AST, what: str) -> str:
        """One finding, as an editor can open it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


def planted(path: str, text: str) -> Source:
    """A source that exists only in a test."""
    return Source(path, dedent(text).lstrip("\n"))


def repository_files(root: Path) -> list[str]:
    """Paths that git tracks or would track: what is ignored is left out, and what was deleted too."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted({path for path in listed.split("\0") if path and (root / path).is_file()})


def read_sources(root: Path) -> tuple[Source, ...]:
    """Every Python file of the repository."""
    paths = [path for path in repository_files(root) if path.endswith(".py")]
    return tuple(Source(path, (root / path).read_text(encoding="utf-8")) for path in paths)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of names; what is not a name in it becomes `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def last_name(node: ast.AST) -> str:
    """The name that is called or read in the end: `c` of `a.b.c`."""
    return dotted(node).rsplit(".", 1)[-1]


def floors(sources: Iterable[Source], *wanted: str) -> list[Source]:
    """Hand-written sources of the floors that are named."""
    return [source for source in sources if source.is_product and source.floor in wanted]
