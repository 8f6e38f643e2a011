"""A person as JSON: what the remote control reads of one, and what it shows."""

from typing import Any

from sandbox.bodies import Refused, read_choice, read_flag, read_integer, read_text
from sandbox.phone_numbers import CountryCodeAs, is_phone_number
from sandbox.state import User

PROFILE = (
    "nickname",
    "avatarUrl",
    "gender",
    "country",
    "province",
    "city",
    "language",
    "phone",
    "countryCodeAs",
    "unionid",
    "blocked",
)
_GENDERS = range(3)


def read_profile(body: dict[str, Any]) -> dict[str, Any]:
    """The given fields, named as those of `User`. Raises Refused."""
    given: dict[str, Any] = {
        "nickname": read_text(body, "nickname", longest=64),
        "avatar_url": read_text(body, "avatarUrl"),
        "gender": read_integer(body, "gender", _GENDERS),
        **{name: read_text(body, name, longest=64) for name in ("country", "province", "city", "language")},
        "country_code_as_number": read_country_code_as_number(body),
        "blocked": read_flag(body, "blocked"),
    }
    profile = {name: value for name, value in given.items() if value is not None}
    # null is a value of these two: a person without a phone number, a person without a unionid.
    if "phone" in body:
        profile["phone"] = None if body["phone"] is None else _read_phone(body)
    if "unionid" in body:
        profile["unionid"] = None if body["unionid"] is None else read_text(body, "unionid", longest=64)
        if profile["unionid"] == "":
            raise Refused("the body: unionid is empty; null means none")
    return profile


def read_country_code_as_number(body: dict[str, Any]) -> bool | None:
    """Whether `countryCodeAs` is `number`, or None when there is no such field. Raises Refused."""
    if "countryCodeAs" not in body:
        return None
    return read_choice(body, "countryCodeAs", CountryCodeAs, CountryCodeAs.STRING) is CountryCodeAs.NUMBER


def user_json(user: User) -> dict[str, Any]:
    """Everything about a person but the session_key."""
    return {
        "openid": user.openid,
        "appid": user.appid,
        "unionid": user.unionid,
        "nickname": user.nickname,
        "avatarUrl": user.avatar_url,
        "gender": user.gender,
        "country": user.country,
        "province": user.province,
        "city": user.city,
        "language": user.language,
        "phone": user.phone,
        "countryCodeAs": (CountryCodeAs.NUMBER if user.country_code_as_number else CountryCodeAs.STRING).value,
        "blocked": user.blocked,
    }


def _read_phone(body: dict[str, Any]) -> str | None:
    phone = read_text(body, "phone", longest=20)
    if phone is not None and not is_phone_number(phone):
        raise Refused("the body: phone is neither a mainland number nor a plus and 7 to 15 digits; null means none")
    return phone
