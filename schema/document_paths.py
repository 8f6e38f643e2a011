"""How many field nodes merge into one place of the answer: what the overlapping-fields rule compares in pairs."""

from collections.abc import Iterator, Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode


def nodes_of_widest_path(root: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """The largest number of field nodes with one response path, fragments expanded.

    Walks the whole expansion: call it only when that is known to be small and free of cycles.
    """
    widest = 0
    levels = [[root]]
    while levels:
        merged: dict[str, list[FieldNode]] = {}
        for node in _fields(levels.pop(), fragments):
            merged.setdefault((node.alias or node.name).value, []).append(node)
        for nodes in merged.values():
            widest = max(widest, len(nodes))
            below = [node.selection_set for node in nodes if node.selection_set]
            if below:
                levels.append(below)
    return widest


def _fields(
    selection_sets: list[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    pending = selection_sets
    while pending:
        for selection in pending.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                pending.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and (spread := fragments.get(selection.name.value)):
                pending.append(spread.selection_set)
