"""Sizes: what does not fit on a few screens is read by nobody."""

import pytest

from tests.architecture.rules.sizes import too_long, too_long_at_large
from tests.architecture.rules.sources import Source, planted


def test_no_module_and_no_function_outgrew_its_room(sources: tuple[Source, ...]) -> None:
    assert too_long(sources) == []


def test_modules_and_functions_are_short_at_large(sources: tuple[Source, ...]) -> None:
    assert too_long_at_large(sources) == []


@pytest.mark.parametrize(("path", "limit"), [("services/orders.py", 300), ("tests/test_orders.py", 500)])
def test_a_module_may_have_its_limit_and_not_a_line_more(path: str, limit: int) -> None:
    assert too_long([planted(path, lines(limit))]) == []
    assert too_long([planted(path, lines(limit + 1))]) == [f"{path}:1: {limit + 1} lines, {limit} are the limit"]


def test_a_function_may_have_forty_lines_and_not_a_line_more() -> None:
    assert too_long([planted("services/orders.py", function(40))]) == []
    assert too_long([planted("services/orders.py", function(41))]) == [
        "services/orders.py:1: pay has 41 lines, 40 are the limit"
    ]


def test_migrations_and_functions_of_tests_are_not_measured() -> None:
    assert too_long([planted("models/migrations/0001_initial.py", lines(301))]) == []
    assert too_long([planted("tests/test_orders.py", function(41))]) == []


def test_medians_have_limits_of_their_own() -> None:
    # given
    modules = [planted(f"services/{name}.py", lines(length)) for name, length in (("a", 121), ("b", 119), ("c", 300))]
    bodies = [planted(f"services/{name}.py", function(length)) for name, length in (("a", 11), ("b", 3), ("c", 12))]
    empty = [planted(f"services/{name}/__init__.py", '"""Nothing."""') for name in "abcdefg"]
    # then
    assert too_long_at_large([*modules, *empty]) == ["the median module has 121 lines, 120 are the limit"]
    assert too_long_at_large(bodies) == ["the median function has 11 lines, 10 are the limit"]
    assert too_long_at_large([*bodies[1:], planted("services/d.py", function(10))]) == []


def lines(count: int) -> str:
    return "x = 1\n" * count


def function(count: int) -> str:
    return "async def pay():\n" + "    await nothing\n" * (count - 1)
