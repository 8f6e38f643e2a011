"""The text of an import as records: CSV with a header, or a JSON list; told apart by its first character."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from domain.problems import BadRequest

COLUMNS = ("key", "title", "price", "price_yuan", "stock", "description", "imageUrl", "forSale")

_NAMES = frozenset(COLUMNS)
_LONGEST_CELL = 100_000
_LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Record:
    """One product as it was written: `place` is what people look for, as in `line 3` or `item 3`.

    `cells` are texts where it was CSV, and whatever JSON has otherwise; what was left out is not there. `fault` is
    what is wrong with the record as a whole.
    """

    place: str
    cells: Mapping[str, Any]
    fault: str | None = None


def read_records(content: bytes) -> list[Record]:
    """The records of a file, in its order; raises BadRequest for one that is no such file at all."""
    text = _text(content)
    if not text.strip():
        raise BadRequest("the file is empty")
    return list(_json_records(text) if text.lstrip().startswith(("[", "{")) else _csv_records(text))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadRequest(f"line {line}: is not in UTF-8; save the file again in that encoding") from None


def _csv_records(text: str) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = _rows(reader)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    _check_header(names)
    for line, row in rows:
        fault = None if len(row) == len(names) else f"has {len(row)} cells, the header {len(names)}"
        yield Record(f"line {line}", {} if fault else dict(zip(names, row, strict=True)), fault)


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line that each begins in."""
    begins = 1
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error:
        raise BadRequest(
            f"line {begins}: cannot be read as CSV; cells with commas, quotes or line breaks stand in double quotes"
        ) from None


def _check_header(names: list[str]) -> None:
    known = ", ".join(COLUMNS)
    if unknown := [name for name in names if name not in _NAMES]:
        raise BadRequest(f"line 1: {_quoted(unknown[0])} is no column; the columns are {known}")
    if len(set(names)) < len(names):
        raise BadRequest("line 1: names a column twice")
    if "title" not in names or not {"price", "price_yuan"} & set(names):
        raise BadRequest("line 1: the columns title and price or price_yuan are needed")


def _json_records(text: str) -> Iterator[Record]:
    items = _parsed(text)
    if not isinstance(items, list):
        raise BadRequest("the JSON must be a list of objects")
    for number, item in enumerate(items, 1):
        place = f"item {number}"
        if not isinstance(item, dict):
            yield Record(place, {}, "must be an object")
        elif unknown := next((name for name in item if name not in _NAMES), None):
            yield Record(place, {}, f"{_quoted(unknown)} is no column; the columns are {', '.join(COLUMNS)}")
        else:
            yield Record(place, item)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise BadRequest(f"line {error.lineno}: cannot be read as JSON") from None
    except (ValueError, RecursionError):
        raise BadRequest("the JSON cannot be read") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _quoted(name: str) -> str:
    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
    return json.dumps(shown, ensure_ascii=not shown.isprintable())
