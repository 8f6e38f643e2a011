"""Which media type is answered for which Accept, and which Content-Type is read."""

import pytest

from server.graphql.negotiation import GRAPHQL_RESPONSE, JSON, choose_media_type, is_json, prefers_html

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE),
        ("application/json;q=0.9, application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.4, application/json;q=0.5", JSON),
        ("application/graphql-response+json, application/json", GRAPHQL_RESPONSE),
        ("application/json, application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/json, */*", JSON),
        ("application/graphql-response+json, */*", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.5, */*", JSON),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/json;q=0, */*", GRAPHQL_RESPONSE),
        ("application/json;q=0, application/*;q=0.1", GRAPHQL_RESPONSE),
        ("application/json ; q=0.3 , text/html", JSON),
        (BROWSER, JSON),
        ("text/html", None),
        ("text/*", None),
        ("application/xml", None),
        ("*/*;q=0", None),
        ("application/json;q=0", None),
        ("application/json;q=x", None),
        ("application/json;q=2", None),
        ("application/json;q=nan", None),
        ("json", None),
        (",;,=", None),
        (",".join(["a/b"] * 40 + [JSON]), None),
    ],
)
def test_media_type_by_accept(accept: str | None, expected: str | None) -> None:
    assert choose_media_type(accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/*", True),
        ("text/html, application/json", True),
        ("text/html;q=0.9, application/json", False),
        ("text/html;q=0", False),
        ("*/*", False),
        ("application/json, text/plain, */*", False),
        ("", False),
        (None, False),
    ],
)
def test_html_is_preferred(accept: str | None, expected: bool) -> None:
    assert prefers_html(accept) is expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON", True),
        (" application/json ", True),
        ("application/json;charset=utf-8", True),
        ('application/json; charset="UTF-8"', True),
        ("application/json; Charset=utf8", True),
        ("application/json; profile=x", True),
        ("application/json; charset=utf-16", False),
        ("application/json; charset=", False),
        ("application/json-seq", False),
        ("application/jsonp", False),
        ("text/json", False),
        ("text/plain; a=application/json", False),
        ("application/graphql-response+json", False),
        ("", False),
        (None, False),
    ],
)
def test_content_type(content_type: str | None, expected: bool) -> None:
    assert is_json(content_type) is expected
