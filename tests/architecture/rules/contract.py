"""The exported SDL against the contract that clients were generated from: more is free, anything else is a break."""

from collections.abc import Iterator

from graphql import DefinitionNode, build_schema, parse, print_ast
from graphql.utilities import find_breaking_changes


def breaks(contract: str, exported: str) -> list[str]:
    """What a client of the contract would meet: what was taken away, and every type or default that became another."""
    found = [change.description for change in find_breaking_changes(build_schema(contract), build_schema(exported))]
    given = dict(_shapes(exported))
    return found + [
        f"{name}: {shape} became {given[name]}"
        for name, shape in _shapes(contract)
        if name in given and given[name] != shape
    ]


def _shapes(sdl: str) -> Iterator[tuple[str, str]]:
    """Each definition, field and argument by its dotted name."""
    for definition in parse(sdl).definitions:
        yield from _shapes_of(definition)


def _shapes_of(definition: DefinitionNode) -> Iterator[tuple[str, str]]:
    name_node = getattr(definition, "name", None)
    if name_node is None:
        return
    name = name_node.value
    yield (
        name,
        " ".join([definition.kind, *sorted(each.name.value for each in getattr(definition, "directives", None) or ())]),
    )
    for field in getattr(definition, "fields", None) or ():
        yield f"{name}.{field.name.value}", _shape(field)
        for argument in getattr(field, "arguments", None) or ():
            yield f"{name}.{field.name.value}({argument.name.value})", _shape(argument)


def _shape(node: object) -> str:
    """The type and the default, of which null says nothing."""
    default = getattr(node, "default_value", None)
    text = "null" if default is None else print_ast(default)
    kind = print_ast(node.type)  # type: ignore[attr-defined]  # fields and arguments have one
    return kind if text == "null" else f"{kind} = {text}"
