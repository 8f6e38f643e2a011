"""Claiming work: one statement gives due rows to one worker until its lease ends, whatever others do beside it.

Rows that are leased carry `due_at` and `leased_until`. A worker that dies leaves its lease to run out, and the work is
done once more. The statement writes first, so that several processes can share a SQLite file.
"""

from datetime import datetime

from tortoise.models import Model

from models.unit_of_work import UnitsOfWork


async def claim(units: UnitsOfWork, model: type[Model], now: datetime, until: datetime, limit: int) -> list[str]:
    """The ids of at most `limit` due rows of the model, leased until then, the longest due first; inside a unit."""
    client = units.connection()
    table = str(model.describe()["table"])
    if client.capabilities.dialect == "sqlite":
        until_mark, now_mark, limit_mark, locking = "?1", "?2", "?3", ""
    else:
        until_mark, now_mark, limit_mark, locking = "$1", "$2", "$3", " FOR UPDATE SKIP LOCKED"
    rows = await client.execute_query_dict(
        f'UPDATE "{table}" SET leased_until = {until_mark} WHERE id IN ('  # noqa: S608  (the name of our own model)
        f'SELECT id FROM "{table}" WHERE due_at <= {now_mark} AND (leased_until IS NULL OR leased_until <= {now_mark})'
        f" ORDER BY due_at LIMIT {limit_mark}{locking}) RETURNING id",
        [until, now, limit],
    )
    return [str(row["id"]) for row in rows]


async def give_back(model: type[Model], row_id: str, until: datetime, now: datetime, otherwise: datetime) -> None:
    """Ends a lease that still stands; a row that nobody moved on is due again at `otherwise`."""
    _ = await model.filter(id=row_id, due_at__lte=now).update(due_at=otherwise)
    _ = await model.filter(id=row_id, leased_until=until).update(leased_until=None)
