"""Which errors of the database layer mean "busy or away": Tortoise translates only some, the rest comes raw."""

import logging
import sqlite3

import asyncpg
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

logger = logging.getLogger(__name__)

_AWAY: tuple[type[BaseException], ...] = (
    DBConnectionError,
    OSError,  # refused, reset; TimeoutError is one too
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was ended while it was given back to the pool
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, cancelled, starting up
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    TransactionManagementError,  # what Tortoise makes of a read-only database, and of a BEGIN that is refused
)
_SQLITE_AWAY = (
    "database is locked",
    "unable to open database file",
    "disk I/O error",
    "database or disk is full",
    "readonly database",
)


def is_unavailability(error: BaseException) -> bool:
    """Whether a repeat may succeed once the database is back, as against a mistake of ours."""
    if isinstance(error, _AWAY):
        return True
    if isinstance(error, OperationalError | sqlite3.OperationalError):
        return any(reason in str(error) for reason in _SQLITE_AWAY)
    return False


def is_rolled_back(error: BaseException) -> bool:
    """Whether PostgreSQL undid the transaction to let others pass: a deadlock, or a serialization failure."""
    return isinstance(error, asyncpg.TransactionRollbackError)


def is_taken(error: IntegrityError) -> bool:
    """Whether a unique constraint refused: somebody else was faster. Any other constraint is a mistake of ours."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, asyncpg.PostgresError):
        return isinstance(cause, asyncpg.UniqueViolationError)
    return getattr(cause, "sqlite_errorname", "") in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")


def tell_failure(event: str, error: BaseException) -> None:
    """Logs a database error by its class and its SQLSTATE, or SQLite's name; its text quotes values and stays out."""
    causes = [error, error.__cause__, error.__context__, *error.args]
    states = [state for cause in causes if isinstance(state := getattr(cause, "sqlstate", None), str)]
    names = [name for cause in causes if isinstance(name := getattr(cause, "sqlite_errorname", None), str)]
    logger.warning(event, extra={"error": type(error).__name__, "sqlstate": next(iter([*states, *names]), None)})
