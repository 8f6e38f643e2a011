"""The validation rules of this server: the specification's, with literals reported without quoting them."""

from itertools import chain
from typing import Any, Final

from graphql import (
    SKIP,
    ArgumentNode,
    ASTValidationRule,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VisitorAction,
    is_input_object_type,
    specified_rules,
)
from graphql.utilities import validate_input_literal
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from server.graphql.coercion import literal_faults


class LiteralsOfCorrectTypeRule(ValuesOfCorrectTypeRule):
    """Refuses the literals that graphql-core refuses, and names the argument instead of printing the literal."""

    _place = "A value"

    def enter_argument(self, node: ArgumentNode, *_args: Any) -> None:
        """Remember whose value comes next."""
        self._place = f"Argument '{node.name.value}'"

    def enter_variable_definition(self, node: VariableDefinitionNode, *_args: Any) -> None:
        """Remember whose default comes next."""
        self._place = f"The default of variable '${node.variable.name.value}'"

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report what is wrong with one whole literal."""
        if input_type:
            try:
                validate_input_literal(node, input_type, _stop)
            except _Refused:
                faults = literal_faults(node, input_type)
                first = next(faults, f": expected a value of type '{input_type}'.")
                for fault in chain([first], faults):
                    self.report_error(GraphQLError(self._place + fault, node))
        return SKIP


class _Refused(Exception):
    """The first fault is enough to know: graphql-core would print the literal again for each."""


def _stop(_error: GraphQLError, _path: list[str | int]) -> None:
    raise _Refused


# Strawberry's own rule for @oneOf inputs raises KeyError for an undefined variable and AttributeError for a fragment
# that stands before the operation; graphql-core's rules cover the same once its types are marked.
RULES: Final[tuple[type[ASTValidationRule], ...]] = (
    *(LiteralsOfCorrectTypeRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules),
    MaybeNullValidationRule,
)


def mark_one_of_inputs(schema: GraphQLSchema) -> None:
    """Tell graphql-core which input types are `@oneOf`: Strawberry keeps that to itself."""
    for type_ in schema.type_map.values():
        if is_input_object_type(type_):
            definition = type_.extensions.get("strawberry-definition")
            type_.is_one_of = type_.is_one_of or bool(getattr(definition, "is_one_of", False))
