"""What a module imports and when, and what it does while it is being imported."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from tests.architecture.rules.sources import FLOORS, Function, Source, dotted, functions, last_name

MAY_IMPORT_LATE = ("server/cli.py", "server/cli/*", "sandbox/*")
"""The command line, so that `--help` stays fast; the sandbox, which is nobody's library."""

_READS_OR_OPENS = frozenset(
    (
        *("getenv", "load_dotenv", "open", "read_text", "read_bytes", "Settings"),
        *("AsyncClient", "Client", "create_pool", "connect", "create_engine", "TortoiseContext", "open_database"),
        *("create_task", "ensure_future", "run_until_complete", "get_event_loop", "Thread", "start_http_server"),
        *("basicConfig", "dictConfig", "token_bytes", "token_hex", "token_urlsafe", "generate_key", "getpass"),
        *("asyncio.run", "Tortoise.init", "structlog.configure", "datetime.now", "time.time", "os.urandom", "Path.cwd"),
    )
)


@dataclass(frozen=True)
class Import:
    """`target` is the dotted name with what is taken from it, as in `domain.problems.Refusal`."""

    node: ast.Import | ast.ImportFrom
    target: str

    @property
    def top(self) -> str:
        return self.target.split(".", 1)[0]


def imports(source: Source, tree: ast.AST | None = None) -> Iterator[Import]:
    """Every import in the module or in a part of it, wherever it stands."""
    for node in ast.walk(tree or source.tree):
        if isinstance(node, ast.Import):
            yield from (Import(node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = import_origin(source, node)
            yield from (Import(node, f"{module}.{alias.name}") for alias in node.names)


def import_origin(source: Source, node: ast.ImportFrom) -> str:
    """The absolute dotted name of what a `from … import` takes from."""
    if not node.level:
        return node.module or ""
    package = source.name if source.path.endswith("__init__.py") else source.name.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def late_imports(sources: Iterable[Source]) -> list[str]:
    """Function-local imports of our own code, save where they are allowed."""
    return sorted(
        {
            source.at(found.node, f"imports {found.target} inside a function")
            for source in sources
            if source.is_product and not any(fnmatch(source.path, pattern) for pattern in MAY_IMPORT_LATE)
            for function in functions(source.tree)
            for found in imports(source, function)
            if found.top in FLOORS
        }
    )


def work_at_import(sources: Iterable[Source]) -> list[str]:
    """Settings, environment, files, clients, clocks and tasks that are touched by importing a module."""
    return [
        source.at(node, f"{what} at import")
        for source in sources
        if source.is_product
        for node in _run_at_import(source.tree)
        if (what := _touches_the_world(node))
    ]


def _touches_the_world(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute | ast.Name) and last_name(node) == "environ":
        return "reads the environment"
    if not isinstance(node, ast.Call):
        return None
    called = dotted(node.func)
    two_names = ".".join(called.split(".")[-2:])
    return f"calls {called}(…)" if _READS_OR_OPENS & {last_name(node.func), two_names} else None


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: not bodies of functions, but their defaults and decorators."""
    for child in _children_at_import(node):
        yield child
        yield from _run_at_import(child)


def _children_at_import(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, Function):
        return [*node.decorator_list, *_defaults(node.args)]
    if isinstance(node, ast.Lambda):
        return _defaults(node.args)
    if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
        return node.orelse
    return ast.iter_child_nodes(node)


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]
