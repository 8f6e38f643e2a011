"""What text may be stored: what both databases take, what people can see, and no more than is worth looking at."""

import unicodedata

from domain.problems import InputIssue

_LINE_BREAKS = "\n\t"
_MOST_MARKS = 30
"""Of combining characters in a row, as in stream-safe text: https://unicode.org/reports/tr15/#Stream_Safe_Text_Format"""

_EXPANSION = 4
"""How many times longer than allowed a text may be as it comes, with letters and accents apart."""

_LINE_ENDS = ("Zl", "Zp")
_EMBEDDINGS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})

# Letters and signs without a shape, and the ignorable places of plane 14 that are not assigned.
_SHAPELESS = frozenset("\u115f\u1160\u3164\uffa0\u2800").union(map(chr, range(0xE0000, 0xE1000)))


def clean_text(field: str, text: str, *, longest: int, lines: bool = False) -> str | InputIssue:
    """The text in NFC and without blank ends, or what is wrong with it; `longest` counts characters.

    Line breaks and tabs are let through only with `lines`. A hostile text costs no more than a long one: what would
    make composing slow is refused before.
    """
    stripped = text.strip()
    if not stripped:
        return InputIssue(field, "must not be empty")
    if len(stripped) > _EXPANSION * longest:
        return _too_long(field, longest)
    fault = _fault(stripped, _LINE_BREAKS if lines else "")
    if fault is not None:
        return InputIssue(field, fault)
    cleaned = unicodedata.normalize("NFC", stripped)
    return cleaned if len(cleaned) <= longest else _too_long(field, longest)


def _too_long(field: str, longest: int) -> InputIssue:
    return InputIssue(field, f"must be at most {longest} characters")


def _fault(text: str, allowed: str) -> str | None:
    marks, is_visible = 0, False
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs") and character not in allowed:
            return "must not hold control characters or lone surrogates"
        if category in _LINE_ENDS or unicodedata.bidirectional(character) in _EMBEDDINGS:
            return "must not hold characters that change its direction or break its line unseen"
        marks = marks + 1 if category[0] == "M" else 0
        if marks > _MOST_MARKS:
            return f"must not hold more than {_MOST_MARKS} combining characters in a row"
        is_visible = is_visible or (category not in _UNSEEN and character not in _SHAPELESS)
    return None if is_visible else "must hold something that can be seen"
