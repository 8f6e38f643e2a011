"""Keys at rest: which key of SECRET_KEYS sealed what is stored, and sealing it again with the first."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from models.encryption import Cipher
from models.sealed_columns import (
    SEALED_COLUMNS,
    Replacement,
    SealedColumn,
    SealedValue,
    count_sealed,
    replace_sealed,
    sealed_after,
)
from models.unit_of_work import UnitsOfWork

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Opens the display of a step, given its name and its number of values; called inside with how many were dealt with."""

_BATCH = 500
_PASSES = 3


@dataclass(frozen=True)
class Look:
    """How many values of each column each key opens, by its place in SECRET_KEYS from 0; None: no key does."""

    columns: Mapping[SealedColumn, Counter[int | None]]

    @property
    def total(self) -> Counter[int | None]:
        """Over all columns."""
        return sum(self.columns.values(), Counter())

    @property
    def under_first(self) -> int:
        """Values that need no other key."""
        return self.total[0]

    @property
    def under_older(self) -> int:
        """Values for which a key behind the first must stay."""
        return self.total.total() - self.under_first - self.unreadable

    @property
    def unreadable(self) -> int:
        """Values that no key opens."""
        return self.total[None]


@dataclass(frozen=True)
class Rotation:
    """What one run wrote, and what a look over everything found after it."""

    reencrypted: int
    after: Look


class KeysAtRest:
    """Goes through every sealed value, `batch` rows at a time; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, cipher: Cipher, *, batch: int = _BATCH) -> None:
        self._units = units
        self._cipher = cipher
        self._batch = batch

    async def look(self, progress: Progress) -> Look:
        """Opens everything and writes nothing."""
        found: dict[SealedColumn, Counter[int | None]] = {column: Counter() for column in SEALED_COLUMNS}
        with progress("checking", await self._count()) as dealt_with:
            async for column, values in self._batches():
                found[column].update(self._cipher.place_of_key(value.sealed) for value in values)
                dealt_with(len(values))
        return Look(found)

    async def rotate(self, progress: Progress) -> Rotation:
        """Seals everything with the first key; may be ended at any point and run again, beside servers that write.

        A value that somebody changes or holds meanwhile is left to them, and to the next pass. What no key opens is
        left as it is.
        """
        reencrypted = 0
        for _ in range(_PASSES):
            reencrypted += await self._pass(progress)
            after = await self.look(progress)
            if not after.under_older:
                break
        await self._units.forget_deleted()
        return Rotation(reencrypted, after)

    async def _pass(self, progress: Progress) -> int:
        reencrypted = 0
        with progress("re-encrypting", await self._count()) as dealt_with:
            async for column, values in self._batches():
                if replacements := list(self._renewed(values)):
                    reencrypted += await self._units.run(replace_sealed, self._units, column, replacements)
                dealt_with(len(values))
        return reencrypted

    async def _batches(self) -> AsyncIterator[tuple[SealedColumn, list[SealedValue]]]:
        for column in SEALED_COLUMNS:
            key = ""
            while values := await self._units.read(sealed_after, column, key, self._batch):
                yield column, values
                key = values[-1].key

    async def _count(self) -> int:
        return sum([await self._units.read(count_sealed, column) for column in SEALED_COLUMNS])

    def _renewed(self, values: Iterable[SealedValue]) -> Iterator[Replacement]:
        for value in values:
            if new := self._cipher.renew(value.sealed):
                yield Replacement(value.key, value.sealed, new)
