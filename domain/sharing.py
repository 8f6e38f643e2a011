"""What a share may lead to, and how its code and its path look."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote_plus

from domain.problems import InputIssue

HOUR = timedelta(hours=1)
MOST_NEW_PER_HOUR = 60
LONGEST_TITLE = 64
LONGEST_CODE = 32
PARAMETER = "share"
LONGEST_PAGE = 1024 - len(f"?{PARAMETER}=") - LONGEST_CODE

_CODE_BYTES = 12
_CODE = re.compile(r"[0-9A-Za-z_-]{1,32}")
_ROUTE = re.compile(r"[0-9A-Za-z_./-]+")
_QUERY = re.compile(r"(?:[0-9A-Za-z_.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})+")  # what RFC 3986 lets stand in a query


def new_code() -> str:
    """96 random bits in 16 characters of [0-9A-Za-z_-]: all of them fit for a mini-program code's scene."""
    return secrets.token_urlsafe(_CODE_BYTES)


def is_code(text: str) -> bool:
    """Whether a text can be the code of a share at all."""
    return _CODE.fullmatch(text) is not None


def path_of(page: str, code: str) -> str:
    """What goes into the card: the page with the code in its query."""
    return f"{page}{'&' if '?' in page else '?'}{PARAMETER}={code}"


def route_of(page: str) -> str:
    """The page without its query, as WeChat wants it for a mini-program code."""
    return page.partition("?")[0]


def content_hash(appid: str, page: str, title: str) -> str:
    """The same for the same page and title of the same mini program: 64 characters."""
    return hashlib.sha256(json.dumps([appid, page, title]).encode()).hexdigest()


def page_issues(field: str, page: str) -> list[InputIssue]:
    """What is wrong with a page of a mini program, its query included; empty for a clean one."""
    return [InputIssue(field, message) for message in _faults(page)]


def _faults(page: str) -> Iterator[str]:
    if len(page) > LONGEST_PAGE:
        yield f"must be at most {LONGEST_PAGE} characters"
        return
    route, mark, query = page.partition("?")
    if not _ROUTE.fullmatch(route) or (query and not _QUERY.fullmatch(query)):
        yield "must be a page such as pages/index/index, with what its query holds percent-encoded"
    if route.startswith("/") or route.endswith("/") or "//" in page:
        yield "must neither start nor end with a slash, nor hold two in a row"
    if ".." in page or "." in route.split("/"):
        yield "must not hold relative steps"
    if mark and not query:
        yield "must have a query behind its question mark"
    if PARAMETER in (unquote_plus(each.partition("=")[0]) for each in query.split("&")):
        yield f"must not hold `{PARAMETER}` in its query: the code goes there"
