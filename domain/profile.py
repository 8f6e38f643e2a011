"""What a profile may hold, and what of the phone's own data counts as saying nothing."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from domain.accounts import Gender
from domain.problems import InputIssue
from domain.text import clean_text

LONGEST = {"nickname": 64, "country": 64, "province": 64, "city": 64, "language": 16}
LONGEST_URL = 1024
ANONYMOUS_NICKNAME = "微信用户"

_FIELDS = ("nickname", "avatar_url", "gender", "country", "province", "city", "language")
_PRINTABLE_ASCII = re.compile(r"[!-~]+")
_AVATAR_HOST = ".qlogo.cn"
_PLAIN = "http://"


def check_texts(fields: Mapping[str, str | None], path: str) -> tuple[dict[str, str | None], list[InputIssue]]:
    """Texts by field name, cleaned, and what is wrong with them; None clears and needs no check.

    `path` stands before the names in issues, as in `fields.`.
    """
    cleaned: dict[str, str | None] = {}
    issues: list[InputIssue] = []
    for name, text in fields.items():
        checked = None if text is None else clean_text(f"{path}{name}", text, longest=LONGEST[name])
        if isinstance(checked, InputIssue):
            issues.append(checked)
        else:
            cleaned[name] = checked
    return cleaned, issues


def is_https_address(address: str) -> bool:
    """Whether an address can be shown as it is: https, a host, no credentials, nothing that is not an address."""
    if len(address) > LONGEST_URL or not _PRINTABLE_ASCII.fullmatch(address):
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


def said_by_the_phone(data: Mapping[str, Any]) -> dict[str, Any]:
    """Of the phone's own data, by field name here, what says something.

    Empty strings and gender 0 are absent, and so is everything of the anonymous user that WeChat gives since 2022.
    `http` addresses of WeChat's avatar host become https.
    """
    said = {name: data[name] for name in _FIELDS if data.get(name) not in (None, "", Gender.UNKNOWN)}
    if said.get("nickname") == ANONYMOUS_NICKNAME:
        said.pop("nickname")
        said.pop("avatar_url", None)
    address = said.get("avatar_url")
    if isinstance(address, str) and address.startswith(_PLAIN) and _is_wechats(address):
        said["avatar_url"] = "https://" + address.removeprefix(_PLAIN)
    return said


def _is_wechats(address: str) -> bool:
    try:
        return (urlsplit(address).hostname or "").endswith(_AVATAR_HOST)
    except ValueError:
        return False
