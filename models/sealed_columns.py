"""The columns that hold sealed values: one table of them, and the statements that go through it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tortoise.models import Model

from models.accounts import Identity, Phone
from models.notices import Notice
from models.orders import Order
from models.sealed_keys import SealedKey
from models.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SealedColumn:
    """A column whose values are NULL or were made by `Cipher.seal`, in a table whose primary key is a text."""

    model: type[Model]
    name: str

    @property
    def table(self) -> str:
        """The table's name in SQL."""
        return str(self.model.describe()["table"])

    @property
    def primary_key(self) -> str:
        """The name of the table's primary key in SQL."""
        return str(self.model.describe()["pk_field"]["db_column"])

    def __str__(self) -> str:
        """As it is shown to operators."""
        return f"{self.table}.{self.name}"


SEALED_COLUMNS = (
    SealedColumn(Identity, "session_key"),
    SealedColumn(Identity, "previous_session_key"),
    SealedColumn(Phone, "number"),
    SealedColumn(SealedKey, "value"),
    SealedColumn(Order, "prepay_body"),
    SealedColumn(Notice, "body"),
)
"""All of them: what is sealed and not listed here is lost when a key is dropped."""


@dataclass(frozen=True)
class SealedValue:
    """A stored value and the primary key of its row."""

    key: str
    sealed: str


@dataclass(frozen=True)
class Replacement:
    """A new value for the row `key`, to be written only where `old` still stands."""

    key: str
    old: str
    new: str


async def count_sealed(column: SealedColumn) -> int:
    """How many values the column holds."""
    return await column.model.filter(**{f"{column.name}__isnull": False}).count()


async def sealed_after(column: SealedColumn, key: str, limit: int) -> list[SealedValue]:
    """The next values behind the row `key`, in the order of the primary key; "" stands before every row."""
    behind = column.model.filter(pk__gt=key, **{f"{column.name}__isnull": False}).order_by(column.primary_key)
    return [SealedValue(*row) for row in await behind.limit(limit).values_list(column.primary_key, column.name)]


async def replace_sealed(units: UnitsOfWork, column: SealedColumn, replacements: Sequence[Replacement]) -> int:
    """Writes, by one statement, each new value whose old one still stands, and counts them; for inside a unit.

    On PostgreSQL, rows that others hold are passed over, so that this never waits for them nor they deadlock with it.
    """
    client = units.connection()
    is_postgres = client.capabilities.dialect == "postgres"
    marks = _numbered_marks() if is_postgres else _plain_marks()
    rows = ", ".join(f"({next(marks)}, {next(marks)}, {next(marks)})" for _ in replacements)
    statement = (
        f"WITH replacement (pk, old, new) AS (VALUES {rows})"  # noqa: S608  (names are of our own models)
        f' UPDATE "{column.table}" AS held SET "{column.name}" = replacement.new FROM replacement'
        f' WHERE held."{column.primary_key}" = replacement.pk AND held."{column.name}" = replacement.old'
        f"{_and_free(column) if is_postgres else ''} RETURNING 1"
    )
    values = [value for one in replacements for value in (one.key, one.old, one.new)]
    return len(await client.execute_query_dict(statement, values))


def _and_free(column: SealedColumn) -> str:
    return (
        f' AND held."{column.primary_key}" IN (SELECT free."{column.primary_key}" FROM "{column.table}" AS free'  # noqa: S608  (as above)
        f' WHERE free."{column.primary_key}" IN (SELECT pk FROM replacement) FOR UPDATE SKIP LOCKED)'
    )


def _numbered_marks() -> Iterator[str]:
    return (f"${number}" for number in count(1))


def _plain_marks() -> Iterator[str]:
    return ("?" for _ in count())
