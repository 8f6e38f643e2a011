"""How rows are written and read: transactions, whole-row saves, raw SQL, relations."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TypeGuard

from tests.architecture.rules.sources import Source, dotted, floors, last_name

TRANSACTION_MODULES = ("models/unit_of_work.py", "models/transactions.py")
"""The unit of work, and what it is made of."""

_OPENS_TRANSACTION = frozenset(
    ("in_transaction", "_in_transaction", "atomic", "select_for_update", "get_or_create", "update_or_create")
)
"""Tortoise's own; the last two open a transaction inside, where a cancelled caller breaks the database layer too."""

_RAW_SQL = frozenset(
    (
        *("execute_query", "execute_query_dict", "execute_query_dict_with_affected", "execute_script"),
        *("execute_insert", "execute_many", "RawSQL"),
    )
)
_ROW_FLOORS = ("models", "resolvers", "schema", "server", "services")

Check = Callable[[Source], Iterator[str]]


def unsafe_persistence(sources: Iterable[Source]) -> list[str]:
    """Every breach of the rules below, over the floors that can see a row."""
    checks: tuple[Check, ...] = (_transactions, _whole_rows, _ignored_conflicts, _foreign_sql, _awaited_relations)
    return [found for source in floors(sources, *_ROW_FLOORS) for check in checks for found in check(source)]


def _transactions(source: Source) -> Iterator[str]:
    """A task cancelled inside a bare transaction loses the connection for good: only the unit of work opens one."""
    if source.path in TRANSACTION_MODULES:
        return
    for node, name in _names(source):
        if name in _OPENS_TRANSACTION:
            yield source.at(node, f"{name} is the unit of work's alone")


def _whole_rows(source: Source) -> Iterator[str]:
    """A save() of a stale row puts back every column, REFUNDED to PAID; pictures have a save() too."""
    if source.path.startswith("services/media/images"):
        return
    for call in _calls(source, "save"):
        if not any(keyword.arg == "update_fields" for keyword in call.keywords):
            yield source.at(call, "save() without update_fields writes the whole row")


def _ignored_conflicts(source: Source) -> Iterator[str]:
    """Rows that were silently not written cannot be counted."""
    for call in _calls(source, "bulk_create"):
        if any(keyword.arg == "ignore_conflicts" for keyword in call.keywords):
            yield source.at(call, "bulk_create with ignore_conflicts hides what was not written")


def _foreign_sql(source: Source) -> Iterator[str]:
    """SQL and the errors of the database are one folder's business: a third database must be too."""
    if source.floor == "models":
        return
    for node, name in _names(source):
        if name == "IntegrityError":
            yield source.at(node, "IntegrityError is caught in models/ alone")
        elif name in _RAW_SQL:
            yield source.at(node, f"{name}: raw SQL lives in models/ alone")
    for call in _calls(source, "raw"):
        yield source.at(call, "raw(…): raw SQL lives in models/ alone")


def _awaited_relations(source: Source) -> Iterator[str]:
    """One query a row and a field: services return what is loaded."""
    if source.floor != "schema":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Await) and not isinstance(node.value, ast.Call):
            yield source.at(node, f"awaits {ast.unparse(node.value)}, which is no call: a relation?")
        elif _iterates_asynchronously(node) and not isinstance(node.iter, ast.Call):
            yield source.at(node.iter, f"iterates asynchronously over {dotted(node.iter)}: a relation?")


def _iterates_asynchronously(node: ast.AST) -> TypeGuard[ast.AsyncFor | ast.comprehension]:
    return isinstance(node, ast.AsyncFor) or (isinstance(node, ast.comprehension) and bool(node.is_async))


def _calls(source: Source, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and last_name(node.func) == name:
            yield node


def _names(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every name that is read, as an attribute too, or imported."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node, last_name(node)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, alias.name) for alias in node.names)
