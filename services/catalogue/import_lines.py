"""Records of an import as products: every cell read, every fault named."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.catalogue import KeptPicture, check_fields, check_key
from domain.problems import InputIssue
from services.catalogue.import_text import Record

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_YUAN = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,2}))?")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class Line:
    """A product to be made, or to be changed where there is one with its `key`; `fields` by their name here.

    A field that is not there stays as it is, or is empty where the product is new.
    """

    place: str
    key: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class BadLine:
    """What is wrong with one column of one record, or with the record where `column` is empty."""

    place: str
    column: str
    message: str

    def __str__(self) -> str:
        """As it is printed."""
        return ": ".join(part for part in (self.place, self.column, self.message) if part)


class _WrongError(Exception):
    """A cell that is not what its column holds; the text says what it must be."""


def check_records(records: Iterable[Record], kept_picture: KeptPicture) -> Iterator[Line | list[BadLine]]:
    """Each record as a line, or everything that is wrong with it; keys that come twice are wrong."""
    keys: dict[str, str] = {}
    for record in records:
        line, faults = _checked(record, kept_picture)
        if line.key is not None and line.key in keys:
            faults.append(BadLine(record.place, "key", f"is that of {keys[line.key]} too"))
        elif line.key is not None:
            keys[line.key] = record.place
        yield faults or line


def _checked(record: Record, kept_picture: KeptPicture) -> tuple[Line, list[BadLine]]:
    if record.fault is not None:
        return Line(record.place, None, {}), [BadLine(record.place, "", record.fault)]
    issues: list[InputIssue] = []
    key = _key(record.cells, issues)
    read = dict(_read(record.cells, issues))
    cleaned, found = check_fields(read, kept_picture)
    column = "price_yuan" if _is_given(record.cells, "price_yuan") else "price"
    issues += [InputIssue(column if issue.field == "price" else issue.field, issue.message) for issue in found]
    return Line(record.place, key, cleaned), [BadLine(record.place, issue.field, issue.message) for issue in issues]


def _key(cells: Mapping[str, Any], issues: list[InputIssue]) -> str | None:
    if not _is_given(cells, "key"):
        return None
    try:
        cleaned = check_key("key", _text(cells["key"]) or "")
    except _WrongError as error:
        cleaned = InputIssue("key", str(error))
    if isinstance(cleaned, InputIssue):
        issues.append(cleaned)
        return None
    return cleaned


def _read(cells: Mapping[str, Any], issues: list[InputIssue]) -> Iterator[tuple[str, Any]]:
    """Fields by their name here, of the cells that can be read; the others are issues."""
    for column, (name, read) in _COLUMNS.items():
        if column in cells or column == "title":
            try:
                yield name, read(cells.get(column))
            except _WrongError as error:
                issues.append(InputIssue(column, str(error)))
    if _is_given(cells, "price") == _is_given(cells, "price_yuan"):
        issues.append(InputIssue("price", "exactly one of price and price_yuan must be there"))
        return
    column, read_price = ("price", _whole) if _is_given(cells, "price") else ("price_yuan", _fen_of_yuan)
    try:
        yield "price", read_price(cells[column])
    except _WrongError as error:
        issues.append(InputIssue(column, str(error)))


def _is_given(cells: Mapping[str, Any], column: str) -> bool:
    value = cells.get(column)
    return value is not None and not (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str | None:
    """A blank cell is none."""
    if value is not None and not isinstance(value, str):
        raise _WrongError("must be a text")
    return value if value and value.strip() else None


def _title(value: Any) -> str:
    """A blank cell is an empty title, which no product may have."""
    return _text(value) or ""


def _whole(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str) or not _WHOLE.fullmatch(value.strip()):
        raise _WrongError("must be a whole number, in digits alone")
    return int(value)


def _fen_of_yuan(value: Any) -> int:
    """By its digits: a float of JSON is refused, since 19.99 is none."""
    found = _YUAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise _WrongError('must be yuan as a text with at most two decimals, as in "12.50"')
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _truth(value: Any) -> bool:
    """A blank cell is true, as where the column is left out."""
    if isinstance(value, bool):
        return value
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    truth = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else None
    if truth is None:
        raise _WrongError("must be true or false")
    return truth


_COLUMNS = {
    "title": ("title", _title),
    "stock": ("stock", _whole),
    "description": ("description", _text),
    "imageUrl": ("image_url", _text),
    "forSale": ("for_sale", _truth),
}
