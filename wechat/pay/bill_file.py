"""A trade bill in a temporary file: checked as a whole before any row of it is given out, then read row by row."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date
from typing import IO, Self

from wechat.pay.bill_errors import BillBroken
from wechat.pay.bill_text import DOWNLOAD, BillRow, Columns, Summary, read_summary

_CHUNK = 256 * 1024
_LONGEST_LINE = 64 * 1024
_GZIP = b"\x1f\x8b"


class TradeBill:
    """The bill of a day; `lines` counts its rows. Whoever has it closes it, and reads it by one iterator at a time.

    Reading blocks: in an event loop it belongs into a thread.
    """

    def __init__(self, file: IO[bytes], bill_date: date) -> None:
        self._file = file
        self.bill_date = bill_date
        self.lines = 0
        self._summary = Summary(0, 0, None)

    def check(self, sha1: str, largest: int) -> None:
        """Raises BillBroken unless all of it is what WeChat hashed, and its rows and sums are what they must be.

        `largest` bounds its bytes when unpacked: a few of them may become very many.
        """
        with _as_broken(), self._unpacked() as content:
            digest, size = hashlib.sha1(usedforsecurity=False), 0
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                if size > largest:
                    raise BillBroken(DOWNLOAD, f"more than {largest} bytes")
                digest.update(chunk)
        if digest.hexdigest() != sha1.lower():
            raise BillBroken(DOWNLOAD, "another hash than announced")
        self.lines = self._check_sums()

    def rows(self) -> Iterator[BillRow]:
        """Each row, in the order of the bill; raises BillBroken where there is no summary behind them."""
        with _as_broken(), self._unpacked() as content:
            text = io.TextIOWrapper(content, encoding="utf-8", errors="replace", newline="\n")
            try:
                self._summary = yield from _read(text, self.bill_date)
            finally:
                _ = text.detach()

    def close(self) -> None:
        """The file is gone afterwards."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_sums(self) -> int:
        count = total = refund = 0
        for row in self.rows():
            count, total, refund = count + 1, total + row.total, refund + row.refund
        told = self._summary
        if (told.count, told.total, told.refund or 0) != (count, total, refund):
            raise BillBroken(DOWNLOAD, "sums that are not those of the rows")
        return count

    @contextmanager
    def _unpacked(self) -> Iterator[IO[bytes] | gzip.GzipFile]:
        """The content from its beginning, whether it came packed or not."""
        _ = self._file.seek(0)
        is_packed = self._file.read(len(_GZIP)) == _GZIP
        _ = self._file.seek(0)
        if is_packed:
            with gzip.GzipFile(fileobj=self._file) as content:
                yield content
        else:
            yield self._file


def _read(text: io.TextIOWrapper, bill_date: date) -> Generator[BillRow, None, Summary]:
    columns = Columns(_line(text), bill_date)
    while (line := _line(text)).startswith("`"):
        yield columns.row(line)
    summary = read_summary(line, _line(text))
    if columns.has_refunds and summary.refund is None:
        raise BillBroken(DOWNLOAD, "a summary without refunds")
    if any(rest.strip() for rest in iter(lambda: _line(text), "")):
        raise BillBroken(DOWNLOAD, "lines behind its end")
    return summary


def _line(text: io.TextIOWrapper) -> str:
    line = text.readline(_LONGEST_LINE)
    if len(line) >= _LONGEST_LINE:
        raise BillBroken(DOWNLOAD, "a line that is too long")
    return line


@contextmanager
def _as_broken() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, zlib.error) as error:
        failure = BillBroken(DOWNLOAD, f"it cannot be unpacked: {type(error).__name__}")
    else:
        return
    raise failure
