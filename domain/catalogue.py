"""What a product may be: its texts, its price in fen, its stock, and the changes that stock takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain import money
from domain.problems import InputIssue
from domain.text import clean_text

LONGEST_TITLE = 128
LONGEST_DESCRIPTION = 4000
LONGEST_KEY = 64
MOST_STOCK = 1_000_000_000

_NO_PICTURE = "must be an https address of at most 1024 characters, or what /uploads/product gave"

JOINED_KEY = "joined:"
"""What the key of a product becomes where two operators who are one used the same; no client may choose such a one."""

KeptPicture = Callable[[str], str | None]
"""What is stored of an address that may stand for a product's picture; None for one that may not."""


@dataclass(frozen=True)
class StockChange:
    """Exactly one of: so many more or less, so many, no longer counted."""

    by: int | None = None
    set_to: int | None = None
    uncounted: bool | None = None


def check_key(field: str, text: str) -> str | InputIssue:
    """A key that somebody chose for a product, clean, or what is wrong with it."""
    cleaned = clean_text(field, text, longest=LONGEST_KEY)
    if isinstance(cleaned, str) and cleaned.startswith(JOINED_KEY):
        return InputIssue(field, f"must not begin with {JOINED_KEY}")
    return cleaned


def check_fields(given: Mapping[str, Any], kept_picture: KeptPicture) -> tuple[dict[str, Any], list[InputIssue]]:
    """Fields of a product by their name here, clean, and everything that is wrong with them.

    None clears description, image_url and stock, which is not counted then; the others cannot be None.
    """
    cleaned: dict[str, Any] = {}
    issues: list[InputIssue] = []
    for name, value in given.items():
        checked = _picture(value, kept_picture) if name == "image_url" else _CHECKS[name](value)
        if isinstance(checked, InputIssue):
            issues.append(checked)
        else:
            cleaned[name] = checked
    return cleaned, issues


def check_stock_change(change: StockChange | None) -> InputIssue | None:
    """What is wrong with a change of stock, before anybody looks at how much there is."""
    if change is None:
        return InputIssue("stock", "must not be null; uncounted: true ends the counting")
    if change.uncounted is False:
        return InputIssue("stock.uncounted", "must be true; setTo begins to count")
    if change.set_to is not None and not 0 <= change.set_to <= MOST_STOCK:
        return InputIssue("stock.setTo", f"must be 0 to {MOST_STOCK}")
    if change.by is not None and not -MOST_STOCK <= change.by <= MOST_STOCK:
        return InputIssue("stock.by", f"must be {-MOST_STOCK} to {MOST_STOCK}")
    return None


def stock_change_refused(by: int, stock: int | None) -> InputIssue:
    """Why `by` cannot be added to this stock."""
    if stock is None:
        return InputIssue("stock.by", "needs a stock that is counted; setTo begins to count")
    return InputIssue("stock.by", f"{by:+} would take the stock of {stock} out of 0 to {MOST_STOCK}")


def _title(value: str | None) -> str | InputIssue:
    if value is None:
        return InputIssue("title", "must not be null")
    return clean_text("title", value, longest=LONGEST_TITLE)


def _description(value: str | None) -> str | InputIssue | None:
    """Line breaks of whatever system become one character."""
    if value is None:
        return None
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return clean_text("description", lines, longest=LONGEST_DESCRIPTION, lines=True)


def _picture(value: str | None, kept_picture: KeptPicture) -> str | InputIssue | None:
    if value is None:
        return None
    return kept_picture(value) or InputIssue("imageUrl", _NO_PICTURE)


def _price(value: int | None) -> int | InputIssue:
    if value is None:
        return InputIssue("price", "must not be null")
    if not money.LEAST <= value <= money.MOST:
        return InputIssue("price", f"must be {money.LEAST} to {money.MOST} fen")
    return value


def _stock(value: int | None) -> int | InputIssue | None:
    if value is None or 0 <= value <= MOST_STOCK:
        return value
    return InputIssue("stock", f"must be 0 to {MOST_STOCK}")


def _for_sale(value: bool | None) -> bool | InputIssue:
    return InputIssue("forSale", "must not be null") if value is None else value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "title": _title,
    "description": _description,
    "price": _price,
    "stock": _stock,
    "for_sale": _for_sale,
}
