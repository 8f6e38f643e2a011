"""The fields of data from the phone: a profile, a group.

Follows "wx.getUserInfo", "wx.getUserProfile" and "wx.getShareInfo" of WeChat's documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wechat.user_data_errors import ForeignOpenid, MissingField, WrongField

_LONGEST_NAME = 512
_LONGEST_PLACE = 128
_LONGEST_URL = 2048
_LONGEST_ID = 128
_GENDERS = (0, 1, 2)


@dataclass(frozen=True, repr=False)
class Profile:
    """What WeChat's client says of its user; each field may be None, and none of it is shown.

    `nickname` is as it came, not cleaned. `gender` is 0 unknown, 1 male, 2 female. Without `openid` all of it is a
    claim of the user's. `unionid` proves nothing: a user can write one by the iv and a nickname of their own.
    """

    nickname: str | None
    avatar_url: str | None
    gender: int | None
    country: str | None
    province: str | None
    city: str | None
    language: str | None
    openid: str | None
    unionid: str | None


def read_profile(content: Mapping[str, Any], *, openid: str) -> Profile:
    """The profile in `content`, of the session's user, whose openid is `openid`.

    Absent, null and empty fields and unknown genders are None. Raises ForeignOpenid, WrongField, and MissingField
    where the openId alone is missing: WeChat gives unionId only beside it, and one flipped bit hides its name.
    """
    profile = Profile(
        nickname=_text(content, "nickName", _LONGEST_NAME),
        avatar_url=_address(content),
        gender=_gender(content),
        country=_printable(content, "country", _LONGEST_PLACE),
        province=_printable(content, "province", _LONGEST_PLACE),
        city=_printable(content, "city", _LONGEST_PLACE),
        language=_printable(content, "language", _LONGEST_PLACE),
        openid=_printable(content, "openId", _LONGEST_ID),
        unionid=_printable(content, "unionId", _LONGEST_ID),
    )
    if profile.openid is None and profile.unionid is not None:
        raise MissingField("openId")
    if profile.openid not in (None, openid):
        raise ForeignOpenid
    return profile


def read_group(content: Mapping[str, Any]) -> str:
    """The openGId of the group that a card was opened in: a hint. Raises MissingField or WrongField."""
    group = _printable(content, "openGId", _LONGEST_ID)
    if group is None:
        raise MissingField("openGId")
    return group


def _gender(content: Mapping[str, Any]) -> int | None:
    gender = content.get("gender")
    if gender is not None and type(gender) is not int:
        raise WrongField("gender")
    return gender if gender in _GENDERS else None


def _address(content: Mapping[str, Any]) -> str | None:
    address = _printable(content, "avatarUrl", _LONGEST_URL)
    if address is not None and not (address.isascii() and " " not in address):
        raise WrongField("avatarUrl")
    return address


def _printable(content: Mapping[str, Any], name: str, longest: int) -> str | None:
    text = _text(content, name, longest)
    if text is not None and not text.isprintable():
        raise WrongField(name)
    return text


def _text(content: Mapping[str, Any], name: str, longest: int) -> str | None:
    text = content.get(name)
    if text is None or text == "":
        return None
    if not isinstance(text, str) or len(text) > longest:
        raise WrongField(name)
    return text
