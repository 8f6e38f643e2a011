"""What a function can reach: every function it names, with receivers narrowed by annotations where there are any.

Over-approximated: what is passed to somebody counts as called, a constant's contents count as used, and on a value
of which nothing is known an attribute means every method of that name. Under-approximated in one thing: a callable
that was put into a field elsewhere. An annotation stands for all classes of ours that it mentions, so that a
container, a query or an awaitable of rows is treated as the rows.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce

from tests.architecture.rules.definitions import UNKNOWN, Class, Code, Definitions, Kind, parameters
from tests.architecture.rules.sources import Function, last_name

_ANYTHING = frozenset(("Any", "object", "TypeVar", "ParamSpec", "Self", "Protocol"))
_CONTAINERS = frozenset(("dict", "list", "tuple", "set", "frozenset", "Mapping", "Sequence", "Iterable", "Collection"))
_PARTS: dict[type[ast.expr], tuple[str, ...]] = {
    **dict.fromkeys((ast.Await, ast.Starred, ast.Subscript, ast.NamedExpr, ast.DictComp), ("value",)),
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set), ("elts",)),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), ("elt",)),
    ast.IfExp: ("body", "orelse"),
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.Dict: ("values",),
    ast.Lambda: ("body",),
}
"""Expressions that may be any of these parts of theirs."""


@dataclass(frozen=True)
class Value:
    """What an expression may be: instances of classes, classes, functions or modules themselves; or anything."""

    instances: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    anything: bool = False

    def __or__(self, other: "Value") -> "Value":
        return Value(
            self.instances | other.instances,
            self.classes | other.classes,
            self.functions | other.functions,
            self.modules | other.modules,
            self.anything or other.anything,
        )


NOTHING = Value()
"""Not ours: it can reach nothing of ours that was not passed to it."""

ANYTHING = Value(anything=True)


def _union(values: Iterable[Value]) -> Value:
    return reduce(Value.__or__, values, NOTHING)


class Reading:
    """One function or constant, read: the code it reaches and the classes it names other than to ask or annotate."""

    def __init__(self, definitions: Definitions, code: Code) -> None:
        self._definitions = definitions
        self._code = code
        self._known: dict[str, Value] = dict(self._given())
        for _ in range(2):  # what is assigned early may depend on what is assigned later, in a loop
            self._start()
            for name, value in self._assigned():
                self._known[name] = self._known.get(name, NOTHING) | value
        self._start()
        passive = _passive(code.node)
        for node in ast.walk(code.node):
            if isinstance(node, ast.expr) and id(node) not in passive:
                self.classes |= self._value(node).classes

    def _start(self) -> None:
        self.code: set[str] = set()
        self.classes: set[str] = set()
        self._values: dict[int, Value] = {}

    def _given(self) -> Iterator[tuple[str, Value]]:
        """The values of parameters and of functions defined inside."""
        for node in ast.walk(self._code.node):
            if isinstance(node, Function) and node is not self._code.node:
                key = f"{self._code.key}.{node.name}"
                self._definitions.code.setdefault(key, Code(key, self._code.scope, node))
                yield node.name, Value(functions=frozenset((key,)))
            if isinstance(node, Function | ast.Lambda):
                for parameter in parameters(node):
                    yield parameter.arg, self._told(Kind(parameter.annotation or UNKNOWN, self._code.scope))
        if self._code.owner and isinstance(self._code.node, Function) and self._code.node.args.args:
            own = frozenset((self._code.owner,))
            first = self._code.node.args.args[0].arg
            if first in ("self", "cls"):
                yield first, Value(classes=own) if first == "cls" else Value(instances=own)

    def _assigned(self) -> Iterator[tuple[str, Value]]:
        for node in ast.walk(self._code.node):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    yield name, self._told(Kind(annotation, self._code.scope))
                case ast.Assign(targets=targets, value=value):
                    yield from ((name, self._value(value)) for target in targets for name in _names(target))
                case ast.NamedExpr(target=target, value=value):
                    yield from ((name, self._value(value)) for name in _names(target))
                case ast.For() | ast.AsyncFor() | ast.comprehension():
                    yield from ((name, self._value(node.iter)) for name in _names(node.target))
                case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                    yield from ((name, self._value(value)) for name in _names(target))
                case ast.ExceptHandler(name=str(name), type=ast.expr() as caught):
                    yield name, self._told(Kind(caught, self._code.scope))
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    yield name, ANYTHING

    def _value(self, node: ast.expr) -> Value:
        if id(node) not in self._values:
            self._values[id(node)] = NOTHING
            self._values[id(node)] = value = self._read(node)
            self.code |= value.functions
        return self._values[id(node)]

    def _read(self, node: ast.expr) -> Value:
        match node:
            case ast.Name(id=name) if name in self._known:
                return self._known[name]
            case ast.Name():
                return self._named(self._definitions.resolve(Kind(node, self._code.scope)))
            case ast.Attribute():
                return self._attribute(self._value(node.value), node.attr)
            case ast.Call():
                return self._call(node)
            case ast.Yield() | ast.YieldFrom():
                return ANYTHING
        return _union(self._value(part) for part in _parts(node))

    def _named(self, key: str | None) -> Value:
        if key in self._definitions.scopes:
            return Value(modules=frozenset((key,)))
        if key in self._definitions.classes:
            return Value(classes=frozenset((key,)))
        if key in self._definitions.code:
            return self._used(self._definitions.code[key])
        return NOTHING

    def _used(self, code: Code) -> Value:
        """A function is a value; a property or a constant is what it gives, and its code is reached at once."""
        if isinstance(code.node, Function) and not code.is_property:
            return Value(functions=frozenset((code.key,)))
        self.code.add(code.key)
        return self._told(code.result)

    def _attribute(self, owner: Value, name: str) -> Value:
        values = [self._named(self._definitions.follow(f"{module}.{name}")) for module in owner.modules]
        for key in owner.instances | owner.classes:
            found = self._members(self._definitions.relatives(key), name)
            values.append(_union(found) if found else Value(instances=frozenset((key,))))
        if owner.anything:
            values += [ANYTHING, *self._members(self._definitions.classes.values(), name)]
        return _union(values)

    def _members(self, classes: Iterable[Class], name: str) -> list[Value]:
        values = []
        for found in classes:
            if name in found.methods:
                values.append(self._used(found.methods[name]))
            if name in found.fields:
                values.append(self._told(found.fields[name]))
        return values

    def _call(self, node: ast.Call) -> Value:
        called = self._value(node.func)
        arguments = _union(self._value(it) for it in (*node.args, *(keyword.value for keyword in node.keywords)))
        for key in called.classes:
            self.code |= set(self._implicit(key))
        if called == NOTHING:
            return replace(arguments, classes=frozenset()) | self._results(arguments)
        value = self._results(called) | Value(instances=called.classes | called.instances)
        if (value.anything or called.anything) and arguments.functions:
            return self._results(arguments)
        return value | ANYTHING if called.anything else value

    def _results(self, value: Value) -> Value:
        return _union(self._told(self._definitions.code[key].result) for key in value.functions)

    def _implicit(self, key: str) -> Iterator[str]:
        """What making and using an instance calls without naming it."""
        for ancestor in self._definitions.ancestry(key):
            for name, method in self._definitions.classes[ancestor].methods.items():
                if name.startswith("__"):
                    yield method.key

    def _told(self, kind: Kind, seen: frozenset[str] = frozenset()) -> Value:
        """Instances of every class that an annotation mentions, through aliases."""
        node = kind.node
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._told(Kind(_parsed(node.value), kind.scope), seen)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._mentioned(kind, seen)
        parts = (it for it in ast.iter_child_nodes(node) if isinstance(it, ast.expr))
        told = _union(self._told(Kind(part, kind.scope), seen) for part in parts)
        if isinstance(node, ast.Subscript) and last_name(node.value) in _CONTAINERS:
            return Value(instances=told.instances)
        return told

    def _mentioned(self, kind: Kind, seen: frozenset[str]) -> Value:
        key = self._definitions.resolve(kind)
        if key in self._definitions.classes:
            bases = {last_name(base) for base in self._definitions.classes[key].node.bases}
            return Value(instances=frozenset((key,)), anything="Protocol" in bases)
        if key in self._definitions.code and key not in seen:
            return self._told(self._definitions.code[key].result, seen | {key})
        return Value(anything=last_name(kind.node) in _ANYTHING)


def chains(definitions: Definitions, starts: Iterable[str]) -> dict[str, tuple[Reading, list[str]]]:
    """Everything that is reached from the starts, as it was read, each with a shortest chain of names to it."""
    found = {key: [key] for key in starts}
    readings: dict[str, tuple[Reading, list[str]]] = {}
    waiting = list(found)
    for key in waiting:
        readings[key] = (Reading(definitions, definitions.code[key]), found[key])
        for fresh in sorted(readings[key][0].code - found.keys()):
            found[fresh] = [*found[key], fresh]
            waiting.append(fresh)
    return readings


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    for name in _PARTS.get(type(node), ()):
        part = getattr(node, name)
        yield from part if isinstance(part, list) else (part,)


def _names(target: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def _parsed(annotation: str) -> ast.expr:
    try:
        return ast.parse(annotation, mode="eval").body
    except SyntaxError:
        return UNKNOWN


def _passive(code: ast.AST) -> set[int]:
    """Nodes that name a class only to annotate, to catch or to ask: it is not made there."""
    parts: list[ast.AST | None] = []
    for node in ast.walk(code):
        match node:
            case ast.AnnAssign(annotation=part) | ast.arg(annotation=part) | ast.ExceptHandler(type=part):
                parts.append(part)
            case ast.FunctionDef(returns=part) | ast.AsyncFunctionDef(returns=part) | ast.MatchClass(cls=part):
                parts.append(part)
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass" | "cast"), args=arguments):
                parts += arguments
    return {id(node) for part in parts if part is not None for node in ast.walk(part)}
