"""Documents ready to execute: parsed, within the limits, valid; remembered by their text."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLFormattedError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from strawberry.exceptions import StrawberryInputCoercionError

from domain.problems import BadRequest
from schema.limits import Limits, check_limits
from server.graphql.errors import bad_request
from server.graphql.rules import RULES

_MOST_ERRORS: Final = 5
_TOO_MANY: Final = re.compile(r"Document contains more than (\d+) (tokens|comments)\.")
_UNEXPECTED: Final = re.compile(
    r"(Expected '?[^' ]+'?, found|Unexpected) (Name|Int|Float|String|BlockString|Comment|<EOF>|'[!$&().:=@\[\]{|}]+')"
)
_SAFE_TEXTS: Final = frozenset({"Unterminated string.", "Document is nested too deeply. Parsing aborted."})

# Measured: a parsed token takes 300 to 550 bytes with its node and its location, a character of text at most four.
_BYTES_PER_TOKEN: Final = 600
_BYTES_PER_CHARACTER: Final = 4

# A document to execute, or the errors for which it is refused.
Prepared = DocumentNode | tuple[GraphQLFormattedError, ...]


@dataclass(frozen=True, kw_only=True)
class CacheLimits:
    """How much is remembered: `entries` documents, each of `longest` characters at most, in about `memory` bytes."""

    entries: int = 500
    longest: int = 8 * 1024
    memory: int = 32 * 1024 * 1024


class Documents:
    """Prepares documents for one schema; a text is parsed, measured and validated once, as long as it is remembered.

    Refusals are remembered too. `suggestions` lets messages name what exists and was perhaps meant.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        introspection: bool,
        suggestions: bool,
        cache_limits: CacheLimits,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._suggestions = suggestions
        self._cache_limits = cache_limits
        self._remembered: OrderedDict[str, tuple[Prepared, int]] = OrderedDict()
        self._memory = 0

    def prepare(self, text: str) -> Prepared:
        """The document of a text, or why it is refused; what a validation rule raises comes through."""
        remembered = self._remembered.get(text)
        if remembered:
            self._remembered.move_to_end(text)
            return remembered[0]
        prepared = self._prepare(text)
        if len(text) <= self._cache_limits.longest:
            self._remember(text, prepared)
        return prepared

    def _remember(self, text: str, prepared: Prepared) -> None:
        tokens = prepared.token_count or 0 if isinstance(prepared, DocumentNode) else 0
        size = _BYTES_PER_CHARACTER * len(text) + _BYTES_PER_TOKEN * tokens
        self._remembered[text] = prepared, size
        self._memory += size
        while len(self._remembered) > self._cache_limits.entries or self._memory > self._cache_limits.memory:
            _, (_, forgotten) = self._remembered.popitem(last=False)
            self._memory -= forgotten

    def _prepare(self, text: str) -> Prepared:
        limits = self._limits
        try:
            document = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
            check_limits(document, limits, introspection=self._introspection)
        except GraphQLSyntaxError as error:
            return (bad_request(_syntax_message(error), error.locations),)
        except BadRequest as refusal:
            return (bad_request(refusal.message),)
        errors = validate(
            self._schema, document, RULES, max_errors=_MOST_ERRORS, hide_suggestions=not self._suggestions
        )
        return tuple(bad_request(_message(error), error.locations) for error in errors) or document


def select_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation of that name, or the only one; raises BadRequest, which does not quote the name."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is None:
        if len(operations) != 1:
            raise BadRequest("The document does not have one operation alone: 'operationName' must say which.")
        return operations[0]
    for operation in operations:
        if operation.name and operation.name.value == name:
            return operation
    raise BadRequest("The document has no operation of the name in 'operationName'.")


def is_mutation(operation: OperationDefinitionNode) -> bool:
    """Whether the operation writes."""
    return operation.operation is OperationType.MUTATION


def _message(error: GraphQLError) -> str:
    # Strawberry's own rule explains itself in terms of Python.
    return (
        "null cannot be given here: leave it out." if isinstance(error, StrawberryInputCoercionError) else error.message
    )


def _syntax_message(error: GraphQLSyntaxError) -> str:
    """What the parser found, without the text of the token it found: that may be a value."""
    text = error.description
    if limit := _TOO_MANY.match(text):
        return f"The document exceeds the limit of {limit[1]} {limit[2]}: more than {limit[1]} found."
    if unexpected := _UNEXPECTED.match(text):
        return f"Syntax Error: {unexpected[0]}."
    return f"Syntax Error: {text if text in _SAFE_TEXTS else 'The document cannot be read from here on.'}"
