"""Tortoise's `exclude` negates each keyword by itself; who means all of them together says so with one Q."""

import ast
from pathlib import Path

FOLDERS = ("models", "services", "server")


def careless(source: str) -> list[int]:
    """The lines that exclude by more than one condition that are not one Q."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    excluding = [it for it in calls if isinstance(it.func, ast.Attribute) and it.func.attr == "exclude"]
    return [it.lineno for it in excluding if len(it.keywords) + len(it.args) > 1]


def test_nothing_is_excluded_by_several_keywords() -> None:
    files = [
        path for folder in FOLDERS for path in sorted(Path(folder).rglob("*.py")) if "migrations" not in path.parts
    ]
    assert len(files) > 100
    assert {str(path): found for path in files if (found := careless(path.read_text(encoding="utf-8")))} == {}


def test_the_rule_sees_it() -> None:
    assert careless("Order.filter(id=1).exclude(status='CLOSED', refund_id=None)\n") == [1]
    assert careless("Order.filter(id=1).exclude(Q(status='CLOSED', refund_id=None))\n") == []
