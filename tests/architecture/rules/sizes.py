"""How long modules and functions are, in lines, everything counted."""

import ast
from collections.abc import Iterable
from statistics import median

from tests.architecture.rules.sources import Function, Source, functions

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
LONGEST_TEST_MODULE = 500
MEDIAN_MODULE = 120
MEDIAN_FUNCTION = 10


def too_long(sources: Iterable[Source]) -> list[str]:
    """Modules and functions over their limit; of tests only the modules are measured."""
    found = []
    for source in sources:
        if source.is_product:
            found += _long_module(source, LONGEST_MODULE) + _long_functions(source)
        elif source.floor == "tests":
            found += _long_module(source, LONGEST_TEST_MODULE)
    return found


def too_long_at_large(sources: Iterable[Source]) -> list[str]:
    """Medians over their limit; modules that only hold a docstring do not pull them down."""
    product = [source for source in sources if source.is_product and not _only_says(source)]
    modules = median([_lines(source) for source in product] or [0])
    inside = median([_length(function) for source in product for function in functions(source.tree)] or [0])
    found = []
    if modules > MEDIAN_MODULE:
        found.append(f"the median module has {modules} lines, {MEDIAN_MODULE} are the limit")
    if inside > MEDIAN_FUNCTION:
        found.append(f"the median function has {inside} lines, {MEDIAN_FUNCTION} are the limit")
    return found


def _long_module(source: Source, limit: int) -> list[str]:
    lines = _lines(source)
    return [source.at(ast.Pass(), f"{lines} lines, {limit} are the limit")] if lines > limit else []


def _long_functions(source: Source) -> list[str]:
    return [
        source.at(function, f"{function.name} has {_length(function)} lines, {LONGEST_FUNCTION} are the limit")
        for function in functions(source.tree)
        if _length(function) > LONGEST_FUNCTION
    ]


def _only_says(source: Source) -> bool:
    return all(isinstance(statement, ast.Expr) for statement in source.tree.body)


def _lines(source: Source) -> int:
    return len(source.text.splitlines())


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
