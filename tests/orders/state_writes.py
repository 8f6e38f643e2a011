"""Reads how the code writes the states of orders and refunds, and whether it ever rewrites the ledger."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.architecture.rules.sources import Function, Source, floors, functions, last_name

_FLOORS = ("models", "resolvers", "schema", "server", "services")
_REWRITES = frozenset(("update", "delete", "save", "bulk_update", "update_from_dict"))
_LEDGER_SQL = re.compile(r'(?i)\b(?:update|delete\s+from|truncate(?:\s+table)?|drop\s+table)\s+"?ledger\b')
_UNITS = frozenset(("run", "run_again_if_raced"))


@dataclass(frozen=True)
class Chain:
    """`Order.filter(id=…).exclude(status=…)`, through local names: its model, its methods, what it filters by."""

    root: str
    methods: frozenset[str]
    filters: frozenset[str]


def state_writes(sources: Iterable[Source], owners: dict[str, frozenset[str]]) -> list[str]:
    """Every way of writing a state that is no compare-and-set in a module that owns the model's states.

    `owners` are paths by the name of the model.
    """
    found = []
    for source in floors(sources, *_FLOORS):
        for function in functions(source.tree):
            found += [source.at(call, what) for call, what in _updates(source, function, owners)]
        if source.floor == "services":
            found += [source.at(node, "sets the attribute status of a row") for node in _attributes(source)]
        found += [
            source.at(call, "bulk_update")
            for call in _calls(source.tree)
            if last_name(call.func) == "bulk_update" and _may_write_status(call)
        ]
    return found


def _may_write_status(call: ast.Call) -> bool:
    """Unless its columns are written out, and the state is none of them."""
    columns = call.args[1] if len(call.args) > 1 else None
    if not isinstance(columns, ast.Tuple | ast.List):
        return True
    return any(not isinstance(name, ast.Constant) or name.value == "status" for name in columns.elts)


def ledger_rewrites(sources: Iterable[Source], writer: str) -> list[str]:
    """Every update or deletion of an entry, and every entry that is made elsewhere than in the module `writer`."""
    found = []
    for source in floors(sources, *_FLOORS):
        if "ledger" not in source.text.lower():
            continue
        for function in (*functions(source.tree), source.tree):
            for call in _calls(function):
                chain = _chain(call.func, function)
                about_ledger = chain.root == "LedgerEntry" or "ledger" in chain.methods
                if about_ledger and chain.methods & _REWRITES:
                    found.append(source.at(call, "rewrites the ledger"))
                elif chain.root == "LedgerEntry" and "create" in chain.methods and source.path != writer:
                    found.append(source.at(call, "books an entry by itself"))
        found += [
            source.at(node, "rewrites the ledger in SQL")
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _LEDGER_SQL.search(node.value)
        ]
    return sorted(set(found))


def calls_in_units(sources: Iterable[Source]) -> list[str]:
    """Every await of WeChat Pay in a function that runs as a unit of work, or that such a one calls beside it."""
    found = []
    for source in floors(sources, "services"):
        named = {function.name: function for function in functions(source.tree)}
        waiting = [
            last_name(call.args[0])
            for call in _calls(source.tree)
            if last_name(call.func) in _UNITS and call.args and "unit" in ast.unparse(call.func)
        ]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in named:
                continue
            seen.add(name)
            waiting += [last_name(call.func) for call in _calls(named[name])]
            found += [source.at(node, f"{name} asks WeChat inside a unit") for node in _asking(named[name])]
    return found


def _asking(function: ast.AST) -> Iterator[ast.Await]:
    for node in ast.walk(function):
        if isinstance(node, ast.Await) and "pay" in _chain(node.value, function).methods:
            yield node


def _updates(source: Source, function: Function, owners: dict[str, frozenset[str]]) -> Iterator[tuple[ast.Call, str]]:
    used = _used(function)
    for call in _calls(function):
        if last_name(call.func) != "update" or not _writes_status(call, function):
            continue
        chain = _chain(call.func, function)
        if chain.root not in owners:
            yield call, f"writes a state of {chain.root}"
        elif source.path not in owners[chain.root]:
            yield call, f"does not own the states of {chain.root}"
        elif not chain.filters & {"status", "refunded"}:
            yield call, "compares with no state before it sets one"
        elif call not in used:
            yield call, "does not look at how many rows it changed"


def _used(function: ast.AST) -> set[ast.Call]:
    """Calls whose awaited result decides something, or is returned."""
    tests = [node.test for node in ast.walk(function) if isinstance(node, ast.If | ast.While | ast.IfExp)]
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
    return {call for node in (*tests, *returned) for call in _calls(node)}


def _writes_status(call: ast.Call, function: ast.AST) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "status":
            return True
        if keyword.arg is None and '"status"' in _text(keyword.value, function):
            return True
    return False


def _text(value: ast.expr, function: ast.AST) -> str:
    """The expression, and what the local name that it is was set to, in double quotes."""
    assigned = _assigned(value.id, function) if isinstance(value, ast.Name) else None
    return ast.unparse(assigned or value).replace("'", '"')


def _chain(node: ast.expr, function: ast.AST) -> Chain:
    methods, filters = set(), set()
    names: set[str] = set()
    while True:
        if isinstance(node, ast.Call):
            filters |= {(keyword.arg or "").split("__")[0] for keyword in node.keywords if _filters(node)}
            node = node.func
        elif isinstance(node, ast.Attribute):
            methods.add(node.attr)
            node = node.value
        elif isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node, ast.Name) and node.id not in names and (found := _assigned(node.id, function)):
            names.add(node.id)
            node = found
        else:
            return Chain(last_name(node), frozenset(methods), frozenset(filters))


def _filters(call: ast.Call) -> bool:
    return last_name(call.func) in ("filter", "exclude")


def _assigned(name: str, function: ast.AST) -> ast.expr | None:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(isinstance(it, ast.Name) and it.id == name for it in node.targets):
            return node.value
    return None


def _attributes(source: Source) -> Iterator[ast.Attribute]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "status" and isinstance(node.ctx, ast.Store):
            yield node


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))
