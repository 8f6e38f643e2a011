"""Transactions of one connection: Tortoise's own, without the two ways in which they lose a connection for good."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.sqlite.client import SqliteTransactionContext
from tortoise.exceptions import BaseORMException

logger = logging.getLogger(__name__)


@asynccontextmanager
async def transaction(client: BaseDBAsyncClient) -> AsyncIterator[BaseDBAsyncClient]:
    """Gives the transaction's own client; commits when the block ends, rolls back when it raises.

    Must not be cancelled.
    """
    context: Any = client._in_transaction()  # noqa: SLF001  (in_transaction() would hide the context we must clean)
    if isinstance(context, SqliteTransactionContext):
        context.connection.begin = partial(_begin_as_writer, context.connection)
    try:
        transaction_client = await context.__aenter__()
    except BaseException:
        await _give_back(context)
        raise
    try:
        yield transaction_client
        # Here, and not by leaving the context: that would not roll back when the commit itself is refused.
        await transaction_client.commit()
    except BaseException as error:
        await _roll_back(context, error)
        raise
    await context.__aexit__(None, None, None)


@asynccontextmanager
async def nested_transaction(client: BaseDBAsyncClient) -> AsyncIterator[None]:
    """A savepoint of the running transaction: what fails inside leaves the transaction around it usable."""
    async with client._in_transaction():  # noqa: SLF001  (the running transaction's own client makes savepoints)
        yield


async def _begin_as_writer(client: Any) -> None:
    """SQLite refuses at once a transaction that reads, then writes, while another process wrote: begin as a writer."""
    await client._connection.execute("BEGIN IMMEDIATE")  # noqa: SLF001  (Tortoise's own begin, but for the word)


async def _roll_back(context: Any, error: BaseException) -> None:
    """Ends the transaction; where that fails as well, what went wrong first is what counts."""
    try:
        await context.__aexit__(type(error), error, error.__traceback__)
    except (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, BaseORMException, OSError) as second:
        logger.warning("a transaction could not be rolled back", extra={"error": type(second).__name__})


async def _give_back(context: Any) -> None:
    """What Tortoise took before BEGIN failed: the one lock of SQLite, or a connection of the pool."""
    if isinstance(context, SqliteTransactionContext):
        context._trxlock.release()  # noqa: SLF001  (taken by __aenter__, which does not give it back)
        return
    pool, connection = context.client._parent._pool, context.client._connection  # noqa: SLF001  (as above)
    if pool is not None and connection is not None:
        await pool.release(connection)
