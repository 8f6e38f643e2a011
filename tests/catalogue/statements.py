"""Counts the statements that reach a database, so that a test can say that there is none for each row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

_METHODS = ("execute_insert", "execute_many", "execute_query", "execute_query_dict", "execute_script")
_inside: ContextVar[bool] = ContextVar("inside a statement", default=False)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL of every statement of this process while the block runs, BEGIN and COMMIT left out.

    One call of a client that makes another is one statement; a batch of rows is one too.
    """
    statements: list[str] = []
    changed: list[tuple[type[Any], str, Any]] = []
    for client in _clients(BaseDBAsyncClient):
        for name in _METHODS:
            if name in vars(client):
                changed.append((client, name, vars(client)[name]))
                setattr(client, name, _told(vars(client)[name], statements))
    try:
        yield statements
    finally:
        for client, name, before in changed:
            setattr(client, name, before)


def _clients(client: type[Any]) -> Iterator[type[Any]]:
    for child in client.__subclasses__():
        yield child
        yield from _clients(child)


def _told(method: Callable[..., Any], statements: list[str]) -> Callable[..., Any]:
    @wraps(method)
    async def run(self: Any, query: str, *arguments: Any) -> Any:
        if _inside.get():
            return await method(self, query, *arguments)
        statements.append(query)
        token = _inside.set(True)
        try:
            return await method(self, query, *arguments)
        finally:
            _inside.reset(token)

    return run
