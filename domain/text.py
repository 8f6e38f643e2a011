"""What text may be stored: PostgreSQL refuses NUL, both databases refuse lone surrogates, and nobody wants controls."""

import unicodedata

from domain.problems import InputIssue

_LINE_BREAKS = "\n\t"


def clean_text(field: str, text: str, *, longest: int, lines: bool = False) -> str | InputIssue:
    """The text in NFC and without blank ends, or what is wrong with it; `longest` counts characters.

    Line breaks and tabs are let through only with `lines`.
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    allowed = _LINE_BREAKS if lines else ""
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in allowed for character in cleaned):
        return InputIssue(field, "must not hold control characters or lone surrogates")
    if not cleaned:
        return InputIssue(field, "must not be empty")
    if len(cleaned) > longest:
        return InputIssue(field, f"must be at most {longest} characters")
    return cleaned
