"""How much one GraphQL document may ask for, decided in one linear pass before anything is validated."""

from dataclasses import dataclass
from typing import Final

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode

from domain.problems import BadRequest
from schema.document_paths import nodes_of_widest_path
from schema.document_summary import DocumentSummary, Summary


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest document that is answered; every count is taken with fragments expanded.

    `depth`, `root_fields` and `nodes_per_path` hold for each operation, the others for the document. What is selected
    under `__schema` and `__type` is not part of `fields` and `depth`: it has limits of its own, wide enough for the
    full introspection query of GraphiQL and of code generators, which has no alias. `introspection_lists` bounds how
    many of `types`, `fields`, `inputFields`, `interfaces` and `possibleTypes` stand inside one another, each of which
    multiplies the answer. `tokens` and `comments` are the parser's to enforce. `logins` and `exports` are how many
    `login` and `exportMyData` fields there are: the first asks WeChat, the second answers thousands of rows. `rows` are
    the page sizes of all lists, once for each `nodes`, `edges` and alias within a list: what makes the answer large. A
    `first` that is a variable counts as the largest page.
    """

    tokens: int = 1_000
    comments: int = 1_000
    operations: int = 10
    variables: int = 50
    fragments: int = 50
    spreads: int = 300
    literal_depth: int = 32
    depth: int = 10
    fields: int = 300
    root_fields: int = 10
    aliases: int = 20
    directives: int = 20
    nodes_per_path: int = 30
    logins: int = 1
    exports: int = 1
    rows: int = 200
    introspection_depth: int = 16
    introspection_fields: int = 400
    introspection_lists: int = 2
    introspection_aliases: int = 4


_DOCUMENT_COUNTS: Final = (
    ("spreads", "spreads", "fragment spreads"),
    ("fields", "fields", "fields"),
    ("aliases", "aliases", "aliases"),
    ("directives", "directives", "directives"),
    ("logins", "logins", "`login` fields"),
    ("exports", "exports", "`exportMyData` fields"),
    ("rows", "rows", "rows of lists"),
    ("introspected", "introspection_fields", "introspection fields"),
    ("introspected_aliases", "introspection_aliases", "aliases of introspection fields"),
)
_DEFINITION_COUNTS: Final = (
    ("depth", "depth", "levels of fields"),
    ("introspected_depth", "introspection_depth", "levels of introspection fields"),
    ("literal_depth", "literal_depth", "levels of lists and objects in a literal"),
    ("introspected_lists", "introspection_lists", "introspection lists inside one another"),
)


def check_limits(document: DocumentNode, limits: Limits, *, introspection: bool) -> None:
    """Raise BadRequest, naming the limit, its value and what was found, at the first limit that is exceeded.

    With `introspection` off, `__schema` and `__type` are refused wherever they stand; `__typename` never is.
    """
    summary = DocumentSummary(document)
    _check("operations", len(summary.operations), limits.operations)
    _check("fragments", len(summary.fragments), limits.fragments)
    variables = sum(len(operation.variable_definitions or ()) for operation in summary.operations)
    _check("variables", variables, limits.variables)
    total = Summary()
    roots: list[OperationDefinitionNode | FragmentDefinitionNode] = []
    for operation in summary.operations:
        counts = summary.of_operation(operation)
        _check("root fields", counts.root_fields, limits.root_fields)
        _check_counts(total, counts, limits, introspection=introspection)
        roots.append(operation)
    # A fragment that no operation uses is an error of its own, and costs the validation that finds it out.
    while fragment := summary.uncounted_fragment():
        counts = summary.of_fragment(fragment.name.value)
        _check_counts(total, counts, limits, introspection=introspection)
        roots.append(fragment)
    for root in roots:
        widest = nodes_of_widest_path(root.selection_set, summary.fragments)
        _check("fields merged into one response path", widest, limits.nodes_per_path)


def _check_counts(total: Summary, counts: Summary, limits: Limits, *, introspection: bool) -> None:
    """Add one definition's counts to the document's, and check both."""
    if counts.introspected and not introspection:
        raise BadRequest("Introspection is switched off.")
    for counted, limit, label in _DEFINITION_COUNTS:
        _check(label, getattr(counts, counted), getattr(limits, limit))
    for counted, limit, label in _DOCUMENT_COUNTS:
        found = getattr(total, counted) + getattr(counts, counted)
        setattr(total, counted, found)
        _check(label, found, getattr(limits, limit))


def _check(label: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise BadRequest(f"The document exceeds the limit of {allowed} {label}: {found} found.")
