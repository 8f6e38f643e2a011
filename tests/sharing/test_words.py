"""Pages, codes and paths: what may stand in a card."""

import re

import pytest

from domain.sharing import LONGEST_PAGE, content_hash, is_code, new_code, page_issues, path_of, route_of

GOOD = [
    "pages/index/index",
    "index",
    "pages/goods_detail/goods-detail.html",
    "pages/index/index?id=1",
    "pages/index/index?id=1&from=a%20b%E8%8C%B6",
    "pages/index/index?reshare=1&shares=2&to=share",
    "pages/index/index?a=b?c=d/e",
    "pages/index/index?flag",
    "package-a/pages/2026/x",
    "p" * LONGEST_PAGE,
]
BAD = [
    "",
    " ",
    "?id=1",
    "/pages/index/index",
    "pages/index/",
    "pages//index",
    "//evil.example/x",
    "https://evil.example/x",
    "javascript:alert(1)",
    "pages/../admin",
    "../admin",
    "pages/./index",
    "pages/index/index?next=//evil.example",
    "pages/index/index?next=../x",
    "pages\\index",
    "pages/index/index?a=\\",
    "pages/index/index#top",
    "pages/index/index?a=1#top",
    "pages/index/index?",
    "pages/index index",
    " pages/index/index",
    "pages/index/index\n",
    "pages/index/index?a=\r\nx",
    "pages/index/index\u0000",
    "pages/index/index?a=b c",
    "pages/主页/index",
    "pages/index/index?name=茶",
    "pages/index/index?a=%",
    "pages/index/index?a=%zz",
    "pages%2findex",
    "pages/index/index?share=abc",
    "pages/index/index?a=1&share=abc",
    "pages/index/index?share",
    "pages/index/index?%73hare=abc",
    "pages/index/index?a=<b>",
    "p" * (LONGEST_PAGE + 1),
]


@pytest.mark.parametrize("page", GOOD)
def test_a_clean_page_is_taken_as_it_is(page: str) -> None:
    assert page_issues("page", page) == []
    code = "x" * 32
    assert len(path_of(page, code)) <= 1024
    assert path_of(page, code).startswith(page)


@pytest.mark.parametrize("page", BAD)
def test_any_other_page_is_refused_with_a_reason(page: str) -> None:
    issues = page_issues("page", page)
    assert issues
    assert {issue.field for issue in issues} == {"page"}


def test_a_page_of_a_megabyte_is_refused_quickly() -> None:
    for page in ("a/" * 500_000, "a?" + "%41" * 300_000, "a?" + "&" * 900_000, "." * 900_000):
        assert page_issues("page", page)


@pytest.mark.parametrize(
    ("page", "path", "route"),
    [
        ("pages/index/index", "pages/index/index?share=c0de", "pages/index/index"),
        ("pages/index/index?id=1", "pages/index/index?id=1&share=c0de", "pages/index/index"),
        ("a?b=c?d", "a?b=c?d&share=c0de", "a"),
    ],
)
def test_the_code_goes_into_the_query(page: str, path: str, route: str) -> None:
    assert (path_of(page, "c0de"), route_of(page)) == (path, route)


def test_codes_are_short_safe_and_never_the_same() -> None:
    codes = {new_code() for _ in range(10_000)}
    assert len(codes) == 10_000
    assert {len(code) for code in codes} == {16}  # 96 bits, six to a character
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{16}", code) and is_code(code) for code in codes)


@pytest.mark.parametrize("text", ["", " ", "a b", "a" * 33, "茶", "a\u0000", "a\n", "\ud800", "a=b", "%41", "٣"])
def test_what_cannot_be_a_code_is_told(text: str) -> None:
    assert not is_code(text)


def test_a_hash_tells_cards_apart() -> None:
    cards = [
        ("wx1", "a", "b"),
        ("wx2", "a", "b"),
        ("wx1", "b", "a"),
        ("wx1", "ab", ""),
    ]
    assert len({content_hash(*card) for card in cards}) == 4
    assert content_hash(*cards[0]) == content_hash(*cards[0])
    assert len(content_hash(*cards[0])) == 64
