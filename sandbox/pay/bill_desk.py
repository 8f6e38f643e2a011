"""Bills that were asked for and can be fetched for five minutes, and what a test planted into them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.pay.bill_faults import BillFault

_LIFE = 300.0
_MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class BillFile:
    """What a download answers."""

    content: bytes = field(repr=False)
    content_type: str


class BillDesk:
    """Files by token; not kept on disk, and only the latest few. Moments are seconds since 1970 in moved time."""

    def __init__(self) -> None:
        self.faults: list[BillFault] = []
        self._files: dict[str, tuple[float, BillFile]] = {}

    def keep(self, token: str, file: BillFile, now: float) -> None:
        """For five minutes."""
        self._files = {known: each for known, each in self._files.items() if now < each[0]}
        while len(self._files) >= _MOST_FILES:
            del self._files[next(iter(self._files))]
        self._files[token] = (now + _LIFE, file)

    def find(self, token: str, now: float) -> BillFile | None:
        """None for a token that is unknown or too old."""
        until, file = self._files.get(token, (now, None))
        return file if now < until else None

    def clear(self) -> None:
        """Nothing planted, nothing to fetch."""
        self.faults = []
        self._files.clear()
