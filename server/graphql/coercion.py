"""What is wrong with an input value, said without the value: its place, and what was expected there."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_required_input_field,
    type_from_ast,
)
from graphql.utilities import coerce_input_literal, coerce_input_value


def variable_faults(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Iterator[GraphQLError]:
    """One error, located at the variable's definition, for each fault of the variables of a valid operation."""
    for definition in operation.variable_definitions or ():
        type_ = cast("GraphQLInputType", type_from_ast(schema, definition.type))
        name = f"Variable '${definition.variable.name.value}'"
        if definition.variable.name.value in variables:
            for fault in _faults(variables[definition.variable.name.value], type_, ""):
                yield GraphQLError(name + fault, definition)
        elif isinstance(type_, GraphQLNonNull) and definition.default_value is None:
            yield GraphQLError(f"{name} of type '{type_}' is required.", definition)


def literal_faults(node: ValueNode, type_: GraphQLInputType) -> Iterator[str]:
    """One line for each thing that is wrong with a literal in a document; variables inside it are left aside.

    A line continues a sentence that names the argument, as in ` at items.0.quantity: expected a value of type 'Int'.`
    """
    yield from _faults(_plain(node), type_, "")


def _plain(node: ValueNode) -> Any:
    """A literal as lists and dicts down to the leaves, which stay nodes."""
    match node:
        case NullValueNode():
            return None
        case ListValueNode():
            return [_plain(each) for each in node.values]
        case ObjectValueNode():
            return {each.name.value: _plain(each.value) for each in node.fields}
        case _:
            return node


def _faults(value: Any, type_: GraphQLInputType, place: str) -> Iterator[str]:
    if isinstance(value, VariableNode):
        return
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            yield _fault(place, f"expected a value of type '{type_}', not null.")
            return
        type_ = type_.of_type
    if value is None:
        return
    if isinstance(type_, GraphQLList):
        # A single value stands for a list of one.
        if not isinstance(value, list):
            yield from _faults(value, type_.of_type, place)
        else:
            for index, item in enumerate(value):
                yield from _faults(item, type_.of_type, f"{place}.{index}")
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _object_faults(value, type_, place)
    elif not _fits(value, type_):
        yield _fault(place, f"expected a value of type '{type_}'.")


def _object_faults(value: Any, type_: GraphQLInputObjectType, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _fault(place, f"expected an object of type '{type_}'.")
        return
    for name, field in type_.fields.items():
        if name in value:
            yield from _faults(value[name], field.type, f"{place}.{name}")
        elif is_required_input_field(field):
            yield _fault(place, f"the field '{name}' of type '{field.type}' is required.")
    if not value.keys() <= type_.fields.keys():
        yield _fault(place, f"a field is given that '{type_}' does not have.")
    if type_.is_one_of and (len(value) != 1 or None in value.values()):
        yield _fault(place, f"exactly one field of '{type_}' must be given, and not null.")


def _fits(value: Any, type_: GraphQLInputType) -> bool:
    coerce = coerce_input_literal if isinstance(value, ValueNode) else coerce_input_value
    return coerce(value, type_) is not Undefined


def _fault(place: str, text: str) -> str:
    return f" at '{place[1:]}': {text}" if place else f": {text}"
