"""What a parsed document asks for, counted with its fragments expanded, in time linear in its size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from domain.problems import BadRequest
from schema.document_literals import literal_depth
from schema.document_rows import CONNECTIONS, page_size, repeats_page

INTROSPECTION_ROOTS: Final = frozenset({"__schema", "__type"})
_INTROSPECTION_LISTS: Final = frozenset({"types", "fields", "inputFields", "interfaces", "possibleTypes"})

_LOGIN: Final = "login"
_EXPORT: Final = "exportMyData"

# Thirty fragments that each spread the next one twice already count a thousand million fields.
_CEILING: Final = 1_000_000


@dataclass(slots=True)
class Summary:
    """Counts below one definition; what stands under `__schema` and `__type` is `introspected` and counted apart.

    `lists` is the longest chain of nested introspection lists (`types`, `fields`, …) by their names alone, and
    `introspected_lists` the same where it really stands under `__schema` or `__type`. `rows` are those of all pages as
    `schema.document_rows` counts them; `repeats` is how many more pages there are where this is spread into a page.
    """

    fields: int = 0
    depth: int = 0
    lists: int = 0
    introspected: int = 0
    introspected_depth: int = 0
    introspected_lists: int = 0
    introspected_aliases: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    spreads: int = 0
    literal_depth: int = 0
    logins: int = 0
    exports: int = 0
    rows: int = 0
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a selection set stands: fields above it, under introspection or not, list fields above it.

    `page` is the most rows of the page that it is written for, 0 outside of pages.
    """

    depth: int = 0
    introspected: bool = False
    lists: int = 0
    root: bool = True
    page: int = 0


@dataclass(slots=True)
class _Outline:
    """One definition as written: its own counts, and the spreads that are still to be added."""

    counts: Summary = field(default_factory=Summary)
    spreads: list[tuple[str, _Place]] = field(default_factory=list)


class DocumentSummary:
    """The summaries of a document's definitions, each fragment counted once and remembered.

    Raises BadRequest for two fragments of one name, whose meaning is ambiguous, and, while counting, for a fragment
    that spreads itself, whose count has no end. An unknown fragment counts nothing: validation reports it.
    """

    def __init__(self, document: DocumentNode) -> None:
        self.operations: list[OperationDefinitionNode] = []
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self._counted: dict[str, Summary] = {}
        self._open: set[str] = set()
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.operations.append(definition)
            elif isinstance(definition, FragmentDefinitionNode):
                name = definition.name.value
                if name in self.fragments:
                    raise BadRequest(f"There can be only one fragment named '{name[:60]}'.")
                self.fragments[name] = definition

    def of_operation(self, operation: OperationDefinitionNode) -> Summary:
        """The counts of one operation, fragments expanded."""
        counts = self._expanded(_outline(operation))
        for variable in operation.variable_definitions or ():
            _count_directives(counts, variable.directives)
            if variable.default_value:
                counts.literal_depth = max(counts.literal_depth, literal_depth([variable.default_value]))
        return counts

    def uncounted_fragment(self) -> FragmentDefinitionNode | None:
        """A fragment that nothing counted so far has spread; None when there is none left."""
        return next((each for name, each in self.fragments.items() if name not in self._counted), None)

    def of_fragment(self, name: str) -> Summary:
        """The counts of one fragment, fragments expanded; all zero when it is unknown."""
        if name in self._counted:
            return self._counted[name]
        fragment = self.fragments.get(name)
        if fragment is None:
            return Summary()
        if name in self._open:
            raise BadRequest(f"The fragment '{name[:60]}' spreads itself.")
        self._open.add(name)
        counted = self._counted[name] = self._expanded(_outline(fragment))
        self._open.remove(name)
        return counted

    def _expanded(self, outline: _Outline) -> Summary:
        for name, place in outline.spreads:
            _add(outline.counts, place, self.of_fragment(name))
        return outline.counts


def _outline(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Outline:
    outline = _Outline()
    _count_directives(outline.counts, definition.directives)
    pending: list[tuple[SelectionSetNode, _Place]] = [(definition.selection_set, _Place())]
    while pending:
        selection_set, place = pending.pop()
        for selection in selection_set.selections:
            _count_directives(outline.counts, selection.directives)
            if isinstance(selection, FieldNode):
                below = _count_field(outline.counts, selection, place)
                if selection.selection_set:
                    pending.append((selection.selection_set, below))
            elif isinstance(selection, InlineFragmentNode):
                outline.counts.spreads += 1
                pending.append((selection.selection_set, place))
            elif isinstance(selection, FragmentSpreadNode):
                outline.counts.spreads += 1
                outline.spreads.append((selection.name.value, place))
    return outline


def _count_field(counts: Summary, node: FieldNode, place: _Place) -> _Place:
    """Count one field; answers the place of what is selected below it."""
    name = node.name.value
    entering = name in INTROSPECTION_ROOTS and not place.introspected
    lists = 0 if entering else place.lists + (name in _INTROSPECTION_LISTS)
    page = page_size(node) if name in CONNECTIONS else place.page
    below = _Place(place.depth + 1, place.introspected or entering, lists, root=False, page=page)
    if below.introspected:
        counts.introspected += 1
        counts.introspected_aliases += node.alias is not None
        counts.introspected_depth = max(counts.introspected_depth, below.depth)
        counts.introspected_lists = max(counts.introspected_lists, lists)
    else:
        counts.fields += 1
        counts.depth = max(counts.depth, below.depth)
        counts.lists = max(counts.lists, lists)
        counts.logins += name == _LOGIN
        counts.exports += name == _EXPORT
        _count_repeats(counts, place, int(repeats_page(node)))
    counts.root_fields += place.root
    counts.aliases += node.alias is not None
    _count_arguments(counts, node.arguments)
    return below


def _count_repeats(counts: Summary, place: _Place, repeats: int) -> None:
    counts.rows = min(counts.rows + place.page * repeats, _CEILING)
    if not place.page:
        counts.repeats = min(counts.repeats + repeats, _CEILING)


def _count_directives(counts: Summary, directives: Sequence[DirectiveNode] | None) -> None:
    for directive in directives or ():
        counts.directives += 1
        _count_arguments(counts, directive.arguments)


def _count_arguments(counts: Summary, arguments: Sequence[ArgumentNode] | None) -> None:
    if arguments:
        depth = literal_depth([argument.value for argument in arguments])
        counts.literal_depth = max(counts.literal_depth, depth)


def _add(counts: Summary, place: _Place, spread: Summary) -> None:
    """Add what a fragment spread at `place` brings."""
    counts.aliases = min(counts.aliases + spread.aliases, _CEILING)
    counts.directives = min(counts.directives + spread.directives, _CEILING)
    counts.spreads = min(counts.spreads + spread.spreads, _CEILING)
    counts.logins = min(counts.logins + spread.logins, _CEILING)
    counts.exports = min(counts.exports + spread.exports, _CEILING)
    counts.rows = min(counts.rows + spread.rows, _CEILING)
    _count_repeats(counts, place, spread.repeats)
    counts.literal_depth = max(counts.literal_depth, spread.literal_depth)
    if place.root:
        counts.root_fields = min(counts.root_fields + spread.root_fields, _CEILING)
    introspected = spread.introspected + (spread.fields if place.introspected else 0)
    counts.introspected = min(counts.introspected + introspected, _CEILING)
    aliases = spread.aliases if place.introspected else spread.introspected_aliases
    counts.introspected_aliases = min(counts.introspected_aliases + aliases, _CEILING)
    if spread.introspected_depth:
        counts.introspected_depth = max(counts.introspected_depth, place.depth + spread.introspected_depth)
    counts.introspected_lists = max(counts.introspected_lists, spread.introspected_lists)
    depth, lists = place.depth + spread.depth, place.lists + spread.lists
    if place.introspected:
        counts.introspected_depth = max(counts.introspected_depth, depth)
        counts.introspected_lists = max(counts.introspected_lists, lists)
    else:
        counts.fields = min(counts.fields + spread.fields, _CEILING)
        counts.depth = max(counts.depth, depth)
        counts.lists = max(counts.lists, lists)
