"""Who is meant by a name: the definitions of our floors, followed through imports and re-exports."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.architecture.rules.importing import import_origin
from tests.architecture.rules.sources import Function, Source, last_name

UNKNOWN = ast.Name("Any")
"""The annotation of what has none."""

_GATHERS = frozenset(("dict", "list", "tuple", "set", "frozenset", "sorted", "deque", "MappingProxyType"))
_GATHERING = (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp, ast.GeneratorExp)
_PROPERTIES = frozenset(("property", "cached_property"))


@dataclass
class Scope:
    """A module, and the dotted names that its own names stand for."""

    source: Source
    bound: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """An annotation, or an expression that tells as much, and the module in which its names are meant."""

    node: ast.expr
    scope: Scope


@dataclass(frozen=True)
class Code:
    """A function, a method (`owner` is its class) or a constant: what can name something else."""

    key: str
    scope: Scope
    node: Function | ast.expr
    owner: str | None = None

    @property
    def is_property(self) -> bool:
        return isinstance(self.node, Function) and any(last_name(it) in _PROPERTIES for it in self.node.decorator_list)

    @property
    def result(self) -> Kind:
        """What a call of the function gives, or what the constant is."""
        return Kind(self.node.returns or UNKNOWN if isinstance(self.node, Function) else self.node, self.scope)


@dataclass
class Class:
    """A class of ours, with what it adds to its parents."""

    scope: Scope
    node: ast.ClassDef
    fields: dict[str, Kind] = field(default_factory=dict)
    methods: dict[str, Code] = field(default_factory=dict)


class Definitions:
    """All modules, classes, functions and constants of some sources, each by its dotted name."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.scopes: dict[str, Scope] = {}
        self.classes: dict[str, Class] = {}
        self.code: dict[str, Code] = {}
        for source in sources:
            self._add_module(Scope(source))
        self.parents = {key: self._bases(found) for key, found in self.classes.items()}

    def resolve(self, kind: Kind) -> str | None:
        """The dotted name behind `name` or `module.name`; None for what is not ours or no such expression."""
        if isinstance(kind.node, ast.Name) and (target := kind.scope.bound.get(kind.node.id)):
            return self.follow(target)
        if isinstance(kind.node, ast.Attribute) and (module := self.resolve(Kind(kind.node.value, kind.scope))):
            return self.follow(f"{module}.{kind.node.attr}")
        return None

    def ancestry(self, key: str) -> set[str]:
        """The class and everything that it is derived from."""
        return _closure(key, lambda name: self.parents.get(name, set()))

    def relatives(self, key: str) -> list[Class]:
        """What a value of the class can be: also its children, each with its ancestry."""
        children = [child for child in self.classes if key in self.ancestry(child)]
        return [self.classes[name] for child in children for name in self.ancestry(child)]

    def follow(self, target: str) -> str | None:
        """The definition or module behind a dotted name, however often it was passed on."""
        if target in self.scopes or target in self.classes or target in self.code:
            return target
        module, _, name = target.rpartition(".")
        passed_on = self.scopes[module].bound.get(name) if module in self.scopes else None
        return self.follow(passed_on) if passed_on and passed_on != target else None

    def _bases(self, found: Class) -> set[str]:
        bases = (base.value if isinstance(base, ast.Subscript) else base for base in found.node.bases)
        return {key for base in bases if (key := self.resolve(Kind(base, found.scope))) in self.classes and key}

    def _add_module(self, scope: Scope) -> None:
        self.scopes[scope.source.name] = scope
        for node in ast.walk(scope.source.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                scope.bound.update(_bindings(scope.source, node))
        for statement in _statements(scope.source.tree.body):
            self._add_statement(scope, statement)

    def _add_statement(self, scope: Scope, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ClassDef):
            self._add_class(scope, statement)
        elif isinstance(statement, Function):
            self._add_code(scope, statement.name, statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                if isinstance(target, ast.Name):
                    self._add_code(scope, target.id, statement.value)

    def _add_code(self, scope: Scope, name: str, node: Function | ast.expr) -> None:
        scope.bound[name] = key = f"{scope.source.name}.{name}"
        self.code[key] = Code(key, scope, node)

    def _add_class(self, scope: Scope, node: ast.ClassDef) -> None:
        scope.bound[node.name] = key = f"{scope.source.name}.{node.name}"
        self.classes[key] = added = Class(scope, node)
        for statement in node.body:
            if isinstance(statement, Function):
                code = Code(f"{key}.{statement.name}", scope, statement, key)
                added.methods[statement.name] = self.code[code.key] = code
                for name, kind in _fields_set_by(statement):
                    added.fields.setdefault(name, Kind(kind, scope))
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                added.fields[statement.target.id] = Kind(statement.annotation, scope)


def parameters(function: Function | ast.Lambda) -> list[ast.arg]:
    """Every parameter, whichever way it is given."""
    those = function.args
    return [*those.posonlyargs, *those.args, *those.kwonlyargs, *(it for it in (those.vararg, those.kwarg) if it)]


def _fields_set_by(method: Function) -> Iterator[tuple[str, ast.expr]]:
    """Fields that a method sets on itself, each with an annotation or with the call that makes the value."""
    given = {parameter.arg: parameter.annotation or UNKNOWN for parameter in parameters(method)}
    for node in ast.walk(method):
        if isinstance(node, ast.AnnAssign) and _is_own(node.target):
            yield last_name(node.target), node.annotation
        elif isinstance(node, ast.Assign):
            kind = _told_by(node.value, given)
            yield from ((last_name(target), kind) for target in node.targets if _is_own(target))


def _is_own(node: ast.expr) -> bool:
    """Whether the node is `self.something`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _told_by(value: ast.expr, given: dict[str, ast.expr]) -> ast.expr:
    """An annotation for a value: that of a parameter, of what is called, or of every parameter that is gathered."""
    if isinstance(value, ast.Name):
        return given.get(value.id, UNKNOWN)
    if isinstance(value, ast.Call) and last_name(value.func) not in _GATHERS:
        return value.func
    if isinstance(value, (*_GATHERING, ast.Call, ast.Constant)):
        names = (node.id for node in ast.walk(value) if isinstance(node, ast.Name))
        return ast.Tuple([given[name] for name in names if name in given])
    return UNKNOWN


def _bindings(source: Source, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{import_origin(source, node)}.{alias.name}"
        else:
            top = alias.name.split(".", 1)[0]
            yield alias.asname or top, alias.name if alias.asname else top


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, also those under a condition or a try."""
    for statement in body:
        yield statement
        for part in ("body", "orelse", "finalbody"):
            if isinstance(statement, ast.If | ast.Try):
                yield from _statements(getattr(statement, part, []))


def _closure(start: str, step: Callable[[str], set[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        fresh = step(waiting.pop()) - reached
        reached |= fresh
        waiting += fresh
    return reached
