"""Claiming work: one statement gives due rows to one worker until its lease ends, whatever others do beside it.

Rows that are leased carry `due_at` and `leased_until`. A worker that dies leaves its lease to run out, and the work is
done once more. The statement writes first, so that several processes can share a SQLite file.
"""

from dataclasses import dataclass
from datetime import datetime

from tortoise.models import Model

from models.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class Claim:
    """A row that was due at `due_at`, and is nobody else's before `until`."""

    row_id: str
    due_at: datetime
    until: datetime


async def claim(units: UnitsOfWork, model: type[Model], now: datetime, until: datetime, limit: int) -> list[Claim]:
    """At most `limit` due rows of the model, leased until then: those that are due longest; inside a unit."""
    client = units.connection()
    table = str(model.describe()["table"])
    if client.capabilities.dialect == "sqlite":
        until_mark, now_mark, limit_mark, locking = "?1", "?2", "?3", ""
    else:
        until_mark, now_mark, limit_mark, locking = "$1", "$2", "$3", " FOR NO KEY UPDATE SKIP LOCKED"
    # No key update: rows that others merely refer to, as a line of an order's story does, are not passed over.
    # Materialized: a plan that looked for the due rows once for each row would claim more of them than `limit`.
    rows = await client.execute_query_dict(
        f'WITH due AS MATERIALIZED (SELECT id FROM "{table}" WHERE due_at <= {now_mark}'  # noqa: S608  (the name of our own model)
        f" AND (leased_until IS NULL OR leased_until <= {now_mark}) ORDER BY due_at LIMIT {limit_mark}{locking})"
        f' UPDATE "{table}" SET leased_until = {until_mark} WHERE id IN (SELECT id FROM due) RETURNING id, due_at',
        [until, now, limit],
    )
    return [Claim(str(row["id"]), _moment(row["due_at"]), until) for row in rows]


async def give_back(model: type[Model], claimed: Claim, otherwise: datetime) -> None:
    """Ends a lease that still stands; a row that nobody moved since it was claimed is due again at `otherwise`."""
    ours = model.filter(id=claimed.row_id, leased_until=claimed.until)
    if not await ours.filter(due_at=claimed.due_at).update(due_at=otherwise, leased_until=None):
        _ = await ours.update(leased_until=None)


def _moment(stored: datetime | str) -> datetime:
    """SQLite keeps moments as text."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored
