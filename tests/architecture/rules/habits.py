"""Habits of product code and of comments to the checkers: what hides a mistake, and what lets a value into a log."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator

from tests.architecture.rules.sources import MIGRATIONS, Source, dotted, last_name

_LOG_METHODS = frozenset(("debug", "info", "warning", "error", "critical", "fatal", "log", "msg"))
_WHOLE_TRACES = frozenset(("format_exc", "print_exc", "format_exception", "print_exception", "format_exc_info"))
_EVERYTHING = frozenset(("Exception", "BaseException"))

_FILE_WIDE = re.compile(r"#\s*(?:ruff|flake8)\s*:\s*noqa|#\s*mypy\s*:\s*(?:ignore-errors|disable)|#\s*fmt\s*:\s*off")
_DIRECTIVE = re.compile(
    r"\bnoqa\b(?P<noqa>\s*:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?|\btype:\s*ignore(?P<type>\[[\w, -]+\])?"
)
_REASON = re.compile(r"[^\W\d_]{2,}.*[^\W\d_]{2,}")

Check = Callable[[Source], Iterator[str]]


def bad_habits(sources: Iterable[Source]) -> list[str]:
    """Every breach of the rules below in product code."""
    checks: tuple[Check, ...] = (_prints, _asserts, _swallowed, _whole_errors_logged, _caught_errors_logged)
    return [found for source in sources if source.is_product for check in checks for found in check(source)]


def unexplained(sources: Iterable[Source]) -> list[str]:
    """Comments, tests included, that silence a checker without a code, without a reason, or for a whole file.

    The forms are `# noqa: CODE  (reason)` and `# type: ignore[code]  # reason`.
    """
    return [
        source.at(ast.Pass(lineno=line), f"{comment}: {complaint}")
        for source in sources
        if not source.path.startswith(MIGRATIONS)
        for line, comment in _comments(source.text)
        if (complaint := _silencer_complaint(comment))
    ]


def _silencer_complaint(comment: str) -> str | None:
    if _FILE_WIDE.search(comment):
        return "silences a checker for a whole file"
    directives = list(_DIRECTIVE.finditer(comment))
    if not directives:
        return None
    if not all(found["noqa"] or found["type"] for found in directives):
        return "names no code"
    return None if _REASON.search(_DIRECTIVE.sub("", comment)) else "gives no reason"


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _prints(source: Source) -> Iterator[str]:
    if source.path == "server/cli.py" or source.path.startswith("server/cli/"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in ("print", "pprint", "pprint.pprint"):
            yield source.at(node, "prints; only the command line talks to a terminal")


def _asserts(source: Source) -> Iterator[str]:
    """`python -O` drops them."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield source.at(node, "assert is for tests")


def _swallowed(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and all(map(_does_nothing, node.body)):
            yield source.at(node, "swallows every exception")
        elif isinstance(node, ast.Call) and last_name(node.func) == "suppress" and _names_everything(node.args):
            yield source.at(node, "suppresses every exception")


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return _names_everything(types)


def _names_everything(types: Iterable[ast.expr]) -> bool:
    return any(last_name(caught) in _EVERYTHING for caught in types)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass | ast.Continue)


def _whole_errors_logged(source: Source) -> Iterator[str]:
    """A traceback ends with the exception's text, and that may hold a value. `task.exception()` has no argument."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and last_name(node) in _WHOLE_TRACES:
            yield source.at(node, f"{last_name(node)} shows the text of an exception, which may hold a value")
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr == "exception" and (node.args or node.keywords):
            yield source.at(node, "exception(…) logs the text of an exception, which may hold a value")
        if any(keyword.arg == "exc_info" and not _is_false(keyword.value) for keyword in node.keywords):
            yield source.at(node, "exc_info logs the text of an exception, which may hold a value")


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _caught_errors_logged(source: Source) -> Iterator[str]:
    """Inside `except … as error`: a log call may take an attribute or the type of the error, never its text."""
    for handler in ast.walk(source.tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        for call in (node for statement in handler.body for node in ast.walk(statement)):
            if _is_log_call(call) and handler.name in set(_whole_values(call)):
                yield source.at(call, f"logs the text of `{handler.name}`, which may hold a value")


def _is_log_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOG_METHODS


def _whole_values(node: ast.AST) -> Iterator[str]:
    """Names that are used as they are, not for one attribute of theirs nor for their type."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(attr=attribute) if attribute != "args":
            pass
        case ast.Call(func=ast.Name(id="type" | "isinstance" | "id")):
            pass
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _whole_values(child)
