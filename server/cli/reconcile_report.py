"""What `appletql reconcile` shows and writes: a table that fits the terminal, CSV, and JSON, of any number of rows."""

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

from models.reconciliations import Reconciliation
from services.reconciliation.differences import COLUMNS, Difference

_MOST_SHOWN = 50
_GAP = "  "
_NARROWEST = 8


class Spool:
    """Differences in a temporary file, a line of JSON each: there may be a million."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (closed at the end)
        self.count = 0

    def add(self, difference: Difference) -> None:
        """Behind the others."""
        _ = self._file.write(json.dumps(difference.to_json(), ensure_ascii=False) + "\n")
        self.count += 1

    def __iter__(self) -> Iterator[dict[str, Any]]:
        _ = self._file.seek(0)
        for line in self._file:
            yield json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def table(spool: Spool, outcome: Reconciliation) -> Iterator[str]:
    """The first differences and a last line with counts."""
    shown = [_cells(each) for each, _ in zip(spool, range(_MOST_SHOWN), strict=False)]
    if shown:
        yield from _aligned([("", "what", "order, or transaction", "bill", "here"), *shown])
    if spool.count > len(shown):
        yield f"and {spool.count - len(shown)} more: --csv or --json writes all of them"
    rows = "1 row" if outcome.lines == 1 else f"{outcome.lines} rows"
    alarms = "1 alarm" if outcome.alarms == 1 else f"{outcome.alarms} alarms"
    foreign = json.loads(outcome.report)["foreign"]
    others = f", {foreign} of other mini programs" if foreign else ""
    yield f"{outcome.bill_date}: {rows}, {outcome.repaired} repaired, {alarms}{others}"


def write_csv(spool: Spool, path: Path) -> None:
    """One line a difference, with a header; raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(spool)


def write_json(spool: Spool, outcome: Reconciliation, path: Path) -> None:
    """One object, its differences a line each; raises OSError."""
    report = json.loads(outcome.report)
    head = {
        "date": outcome.bill_date,
        "lines": outcome.lines,
        "repaired": outcome.repaired,
        "alarms": outcome.alarms,
        **{name: report[name] for name in ("counts", "foreign", "notAsked")},
    }
    with path.open("w", encoding="utf-8") as file:
        _ = file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "differences": [')
        for place, each in enumerate(spool):
            _ = file.write(("," if place else "") + "\n" + json.dumps(each, ensure_ascii=False))
        _ = file.write("]}\n")


def _cells(each: dict[str, Any]) -> tuple[str, ...]:
    number = each["refundNumber"] or (each["number"] if each["orderId"] else each["transactionId"])
    return "repaired" if each["repaired"] else "ALARM", each["sort"], number, each["there"], each["here"]


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as they need; the widest gives way until a row fits the terminal."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    room = shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = [_fit(text, width) for text, width in zip(row, widths, strict=True)]
        yield _GAP.join(cells).rstrip()


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else f"{text[: width - 2]}.."
