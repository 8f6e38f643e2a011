"""Circles of imports, function-local ones included; imports for type checkers alone do not count."""

from collections.abc import Mapping

from grimp import build_graph


def import_graph(*packages: str) -> dict[str, set[str]]:
    """For each module of the packages, the modules of these packages that it imports."""
    graph = build_graph(*packages, exclude_type_checking_imports=True, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """For each module that can be reached from itself, a shortest way round; each circle once."""
    ways: dict[frozenset[str], list[str]] = {}
    for module in sorted(graph):
        if way := _way_round(graph, module):
            ways.setdefault(frozenset(way), [*way, module])
    return [" → ".join(way) for way in ways.values()]


def _way_round(graph: Mapping[str, set[str]], start: str) -> list[str] | None:
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for module in sorted(graph[way[-1]] - seen):
            if module == start:
                return way
            seen.add(module)
            ways.append([*way, module])
    return None
