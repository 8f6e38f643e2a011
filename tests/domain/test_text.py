"""Text that is stored: composed, visible, bounded before any work is done on it."""

import time
import unicodedata

import pytest

from domain.problems import InputIssue
from domain.text import clean_text

ACUTE, CEDILLA, OVERLAY = "\u0301", "\u0327", "\u0334"
TOO_LONG = InputIssue("field", "must be at most 64 characters")
TOO_MANY_MARKS = InputIssue("field", "must not hold more than 30 combining characters in a row")
UNSEEN = InputIssue("field", "must not hold control characters or lone surrogates")
INVISIBLE = InputIssue("field", "must hold something that can be seen")
UNFIT = InputIssue("field", "must not hold characters that change its direction or break its line unseen")


def clean(text: str, *, longest: int = 64, lines: bool = False) -> str | InputIssue:
    return clean_text("field", text, longest=longest, lines=lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  茶 ", "茶"),
        ("e" + ACUTE, "é"),
        ("a" * 64, "a" * 64),
        ("e" + ACUTE + ("e" + ACUTE) * 63, "é" * 64),
        ("a" + OVERLAY * 30, "a" + OVERLAY * 30),
        ("שלום עולם", "שלום עולם"),
        ("السلام عليكم", "السلام عليكم"),
        ("abc\u200f", "abc\u200f"),
        ("हिन्दी", "हिन्दी"),
        ("👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
         "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
        ("\U0001fae8", "\U0001fae8"),  # an emoji younger than this Python
        ("\uf8ff", "\uf8ff"),  # private use: phones draw their maker's sign there
    ],
    ids=["blank ends", "composed", "longest", "longest decomposed", "as many marks", "Hebrew", "Arabic",
         "right-to-left mark", "Devanagari", "family", "heart", "flag", "unassigned", "private use"],
)  # fmt: skip
def test_ordinary_text_is_kept(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("", InputIssue("field", "must not be empty")),
        (" \u3000\u00a0", InputIssue("field", "must not be empty")),
        ("a" * 65, TOO_LONG),
        ("a\x00b", UNSEEN),
        ("a\nb", UNSEEN),
        ("a\ud800", UNSEEN),
        ("a" + OVERLAY * 31, TOO_MANY_MARKS),
        ("a" + "\u0f73" * 31, TOO_MANY_MARKS),
        *((character, INVISIBLE) for character in "\u200b\u3164\ufeff\u00ad\u115f\u1160\uffa0\u2800\u034f\u2060\u180e"),
        ("\u200d\ufe0f", INVISIBLE),
        ("\U000e0100\U000e01f0", INVISIBLE),
        *((f"a{character}b", UNFIT) for character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
        ("a\u2028b", UNFIT),
        ("a\u2029b", UNFIT),
    ],
    ids=lambda value: ascii(value)[:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_stored_or_seen_is_refused(text: str, issue: InputIssue) -> None:
    assert clean(text) == issue


def test_lines_let_line_breaks_and_tabs_through_and_nothing_else() -> None:
    assert clean("a\n\tb", lines=True) == "a\n\tb"
    assert clean("a\rb", lines=True) == UNSEEN
    assert clean("a\u2028b", lines=True) == UNFIT


@pytest.mark.parametrize(
    "text",
    [
        "a" + (ACUTE + CEDILLA) * 16_000,
        "a" + ACUTE * 16_000 + OVERLAY * 16_000,
        "a" + "\u0f73" * 20_000,
        ("a" + ACUTE * 31) * 1_000,
        "a" * 60_000,
        " " * 60_000,
        "\x00" * 60_000,
        "\u200b" * 60_000,
    ],
    ids=["alternating", "descending", "marks that come apart", "runs", "plain", "blank", "NUL", "invisible"],
)
@pytest.mark.parametrize("longest", [64, 4_000])
def test_a_hostile_text_costs_no_time(text: str, longest: int) -> None:
    took = []
    for _ in range(4):
        started = time.process_time()
        assert isinstance(clean(text, longest=longest), InputIssue)
        took.append(time.process_time() - started)
    assert min(took) < 0.02


def test_the_costliest_text_that_is_taken_costs_little() -> None:
    text = ("a" + (ACUTE + OVERLAY) * 15) * 129
    took = []
    for _ in range(4):
        started = time.process_time()
        assert clean(text, longest=4_000) == unicodedata.normalize("NFC", text)
        took.append(time.process_time() - started)
    assert min(took) < 0.02
