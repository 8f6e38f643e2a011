"""Which errors of the database layer mean "busy or away": Tortoise translates only some, the rest comes raw."""

import sqlite3

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

_AWAY: tuple[type[BaseException], ...] = (
    DBConnectionError,
    OSError,  # refused, reset; TimeoutError is one too
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, cancelled, starting up
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
_SQLITE_AWAY = ("database is locked", "unable to open database file", "disk I/O error", "database or disk is full")


def is_unavailability(error: BaseException) -> bool:
    """Whether a repeat may succeed once the database is back, as against a mistake of ours."""
    if isinstance(error, _AWAY):
        return True
    if isinstance(error, OperationalError | sqlite3.OperationalError):
        return any(reason in str(error) for reason in _SQLITE_AWAY)
    return False
