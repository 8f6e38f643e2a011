"""Importing a whole list of products: all of it or nothing, and the same list again changes nothing."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.catalogue import KeptPicture
from domain.clock import Clock
from domain.ids import Prefix, new_id
from models.catalogue import Product
from models.unit_of_work import UnitsOfWork
from services.catalogue.import_lines import BadLine, Line, check_records
from services.catalogue.import_text import Record

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Opens the display of a step, given its name and its number of lines; called inside with how many were dealt with."""

_BATCH = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Imported:
    """How many products were made, changed, and left since they were so already."""

    made: int
    changed: int
    same: int


class Imports:
    """Checks and writes lists of products; raises Unavailable when the database does not answer.

    An import is one unit of work: `units` must be willing to wait for it.
    """

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def write(self, lines: Sequence[Line], progress: Progress, *, is_rehearsal: bool = False) -> Imported:
        """Makes or changes a product for each line; a rehearsal only says what would be done.

        The first line becomes the newest product, so that lists show an import in its own order.
        """
        if is_rehearsal:
            return await self._units.read(self._write, lines, progress, True)
        imported = await self._units.run_again_if_raced(self._write, lines, progress, False)
        logger.info("products imported", extra={"made": imported.made, "changed": imported.changed})
        return imported

    async def write_if_empty(self, lines: Sequence[Line], progress: Progress) -> Imported | None:
        """As `write` where there is no product at all; else None."""
        return await self._units.run_again_if_raced(self._write_if_empty, lines, progress)

    async def _write_if_empty(self, lines: Sequence[Line], progress: Progress) -> Imported | None:
        await self._units.take_turns("products: write if empty")
        return None if await Product.all().exists() else await self._write(lines, progress, False)

    async def _write(self, lines: Sequence[Line], progress: Progress, is_rehearsal: bool) -> Imported:
        known = await _by_key([line.key for line in lines if line.key is not None])
        changed = [line for line in lines if line.key in known and _differs(known[line.key], line)]
        made = [line for line in lines if line.key not in known]
        with progress("writing", len(lines)) as dealt_with:
            dealt_with(len(lines) - len(changed) - len(made))
            for batch in () if is_rehearsal else _batches(_rows(made, changed, known, self._clock())):
                await batch.write()
                dealt_with(len(batch.rows))
        return Imported(len(made), len(changed), len(lines) - len(made) - len(changed))


def check(records: Sequence[Record], kept_picture: KeptPicture, progress: Progress) -> tuple[list[Line], list[BadLine]]:
    """The lines of a file that are right, and everything that is wrong with the others."""
    lines: list[Line] = []
    faults: list[BadLine] = []
    with progress("checking", len(records)) as dealt_with:
        for found in check_records(records, kept_picture):
            if isinstance(found, Line):
                lines.append(found)
            else:
                faults += found
            dealt_with(1)
    return lines, faults


@dataclass(frozen=True)
class _Batch:
    """Rows that are written by one statement, and which of their columns change where there is such a key."""

    rows: Sequence[Product]
    columns: frozenset[str]

    async def write(self) -> None:
        """A key that somebody else imports at this moment is changed rather than made twice."""
        keyed = [row for row in self.rows if row.import_key is not None]
        if keyed:
            await Product.bulk_create(keyed, on_conflict=["import_key"], update_fields=sorted(self.columns))
        if new := [row for row in self.rows if row.import_key is None]:
            await Product.bulk_create(new)


def _rows(
    made: Sequence[Line], changed: Sequence[Line], known: Mapping[str | None, Product], now: datetime
) -> Iterator[tuple[Product, frozenset[str]]]:
    # In the order of their ids, as an order takes stock: who waits for whom never goes in a circle.
    for line in sorted(changed, key=lambda line: known[line.key].id):
        yield _row(line, now), frozenset(line.fields)
    for place, line in enumerate(made):
        yield _row(line, now - timedelta(milliseconds=place)), frozenset(line.fields)


def _row(line: Line, now: datetime) -> Product:
    """Id and time are those of a new product; where there is one with the key, its own stay."""
    return Product(id=new_id(Prefix.PRODUCT, now), import_key=line.key, created_at=now, **line.fields)


def _batches(rows: Iterator[tuple[Product, frozenset[str]]]) -> Iterator[_Batch]:
    """Rows in their order, as many at once as have the same columns."""
    batch: list[Product] = []
    columns: frozenset[str] = frozenset()
    for row, names in rows:
        if batch and (names != columns or len(batch) == _BATCH):
            yield _Batch(batch, columns)
            batch = []
        batch.append(row)
        columns = names
    if batch:
        yield _Batch(batch, columns)


async def _by_key(keys: Sequence[str]) -> dict[str | None, Product]:
    known: dict[str | None, Product] = {}
    for start in range(0, len(keys), _BATCH):
        for product in await Product.filter(import_key__in=keys[start : start + _BATCH]):
            known[product.import_key] = product
    return known


def _differs(product: Product, line: Line) -> bool:
    return any(getattr(product, name) != value for name, value in line.fields.items())


@contextmanager
def no_progress(_step: str, _total: int) -> Iterator[Callable[[int], None]]:
    """For an import that nobody watches."""
    yield lambda _count: None
