"""Which media type an answer takes and which a request may have, by the GraphQL-over-HTTP specification."""

from collections.abc import Iterator
from typing import Final

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
_HTML: Final = "text/html"

# An Accept header of real clients names fewer than ten; the rest of a longer one is not read.
_MOST_RANGES: Final = 32

_EXACT: Final = 2


def choose_media_type(accept: str | None) -> str | None:
    """The media type of the answer; None when neither of the two is acceptable.

    A type that is named wins over one that a wildcard covers; a wildcard alone, or no header at all, means
    `application/json`, which is what clients from before the specification expect.
    """
    if not accept or not accept.strip():
        return JSON
    ranges = list(_ranges(accept))
    graphql, json = _preference(GRAPHQL_RESPONSE, ranges), _preference(JSON, ranges)
    if max(graphql, json)[0] <= 0:
        return None
    if graphql == json:
        return GRAPHQL_RESPONSE if graphql[1] == _EXACT else JSON
    return GRAPHQL_RESPONSE if graphql > json else JSON


def prefers_html(accept: str | None) -> bool:
    """Whether HTML is asked for by name, and not less than JSON: what browsers do and `*/*` does not."""
    ranges = list(_ranges(accept or ""))
    html = _preference(_HTML, ranges)
    quality, specificity = html
    return quality > 0 and specificity > 0 and html >= _preference(JSON, ranges)


def is_json(content_type: str | None) -> bool:
    """Whether a request's Content-Type is `application/json` in UTF-8, named or left to be understood."""
    media_type, *parameters = (content_type or "").split(";")
    if media_type.strip().lower() != JSON:
        return False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            return False
    return True


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        media_range, *parameters = part.split(";")
        yield media_range.strip().lower(), _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0


def _preference(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """The quality that the most specific matching range gives, and how specific that range is (0 to 2)."""
    wildcards = ("*/*", media_type.partition("/")[0] + "/*", media_type)
    matches = [(wildcards.index(name), quality) for name, quality in ranges if name in wildcards]
    if not matches:
        return 0.0, 0
    specificity, quality = max(matches)
    return quality, specificity
