"""Lines for a terminal of 80 columns: Chinese characters are two columns wide, long texts go on below."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime

WIDTH = 80
_WIDE = ("W", "F")


def minutes(moment: datetime) -> str:
    """In UTC, as in `2026-11-20 10:05`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def seconds(moment: datetime) -> str:
    """In UTC, as in `2026-11-20 10:05:09`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def instant(moment: datetime | None) -> str | None:
    """For JSON, in UTC to the millisecond."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def wrapped(head: str, text: str) -> Iterator[str]:
    """The head and the text behind it, which goes on below itself."""
    indent = _columns(head)
    line = head
    for word in _words(text, WIDTH - indent):
        if line is not head and _columns(line) + 1 + _columns(word) > WIDTH:
            yield line
            line = " " * indent + word
        else:
            line = f"{line} {word}" if line is not head else head + word
    yield line.rstrip()


def _words(text: str, longest: int) -> Iterator[str]:
    """Separated by spaces, none wider than a line."""
    for word in _printable(text).split():
        piece = ""
        for character in word:
            if _columns(piece + character) > longest:
                yield piece
                piece = ""
            piece += character
        yield piece


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in text)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
