"""How deep the values that are written into a document are nested: coercing them recurses as deep."""

from collections.abc import Sequence

from graphql import ListValueNode, ObjectValueNode, ValueNode


def literal_depth(values: Sequence[ValueNode]) -> int:
    """The largest number of lists and objects inside one another; 0 for plain values."""
    depth = 0
    containers = _containers(values)
    while containers:
        depth += 1
        containers = [inner for each in containers for inner in _containers(_members(each))]
    return depth


def _containers(values: Sequence[ValueNode]) -> list[ListValueNode | ObjectValueNode]:
    return [each for each in values if isinstance(each, ListValueNode | ObjectValueNode)]


def _members(container: ListValueNode | ObjectValueNode) -> Sequence[ValueNode]:
    if isinstance(container, ListValueNode):
        return container.values
    return [each.value for each in container.fields]
