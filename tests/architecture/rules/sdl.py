"""The committed contract: whether it is the one that the code exports, and what it promises of each mutation."""

from collections.abc import Mapping
from difflib import unified_diff

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType, build_schema, get_named_type

PROBLEM = "Problem"


def drift(committed: str, exported: str) -> str:
    """What an export would change in the committed file; empty when nothing."""
    before, after = committed.splitlines(keepends=True), exported.splitlines(keepends=True)
    return "".join(unified_diff(before, after, "schema.graphql", "export"))


def problem_types(sdl: str) -> set[str]:
    """The names of the object types that implement Problem."""
    schema = build_schema(sdl)
    return {kind.name for kind in schema.type_map.values() if _is_problem(kind)}


def promised_problems(sdl: str) -> Mapping[str, set[str]]:
    """For each mutation, under its Python name, the problems that its result union names."""
    schema = build_schema(sdl)
    fields = schema.mutation_type.fields if schema.mutation_type else {}
    return {_snake_case(name): _problem_members(get_named_type(field.type)) for name, field in fields.items()}


def _problem_members(result: object) -> set[str]:
    if not isinstance(result, GraphQLUnionType):
        return set()
    return {member.name for member in result.types if _is_problem(member)}


def _is_problem(kind: object) -> bool:
    return isinstance(kind, GraphQLObjectType) and any(_is_named_problem(interface) for interface in kind.interfaces)


def _is_named_problem(interface: GraphQLInterfaceType) -> bool:
    return interface.name == PROBLEM


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
