"""A phone number as WeChat gives it, in data from the phone or for a code of the phone-number button.

Follows "Get phone number" and "getPhoneNumber" of WeChat's documentation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wechat.apps import App
from wechat.business import BusinessApi
from wechat.errors import CallerBug, PhoneCodeInvalid, Unreadable
from wechat.user_data import check_appid
from wechat.user_data_errors import InconsistentPhone, MissingField, UserDataError, WrongField

GETUSERPHONENUMBER = "/wxa/business/getuserphonenumber"
_LONGEST_CODE = 512
_MAINLAND = "86"
_COUNTRY_CODE = re.compile(r"[1-9][0-9]{0,2}")
_NATIONAL = re.compile(r"[0-9]{4,14}")
_MAINLAND_NATIONAL = re.compile(r"1[0-9]{10}")
_SHORTEST, _LONGEST = 7, 15  # digits, country code included; E.164 allows 15


@dataclass(frozen=True)
class PhoneNumber:
    """A number in E.164, such as +8613800138000, its country code and the rest, both digits; none of it is shown."""

    e164: str = field(repr=False)
    country_code: str = field(repr=False)
    national: str = field(repr=False)


class Phone:
    """The phone-number calls of every app."""

    def __init__(self, business: BusinessApi) -> None:
        self._business = business

    async def getuserphonenumber(self, app: App, code: str, openid: str) -> PhoneNumber:
        """Spend a phone code, which is sent once more only where WeChat refused the access_token.

        The openid goes with it, so that WeChat refuses the code of another user. Raises PhoneCodeInvalid,
        Misconfigured (a code of another app) or Unavailable; after Unavailable the code may be spent. A code that
        cannot be one is PhoneCodeInvalid without a call.
        """
        if not (1 <= len(code) <= _LONGEST_CODE and code.isascii() and code.isprintable()):
            raise PhoneCodeInvalid(GETUSERPHONENUMBER, "not sent")
        if not openid:
            raise CallerBug(GETUSERPHONENUMBER, "no openid")
        content = await self._business.post(app, GETUSERPHONENUMBER, {"code": code, "openid": openid})
        return _answered(app, content.get("phone_info"))


def read_phone_number(content: Mapping[str, Any], *, sealed: bool = True) -> PhoneNumber:
    """The number of phoneNumber, purePhoneNumber and countryCode, the last as text or number.

    `sealed` is true of encryptedData, in which a country code could be altered: there a number without its country
    code is taken for mainland China alone, as WeChat documents it. Raises MissingField, WrongField or
    InconsistentPhone.
    """
    shown = _required_text(content, "phoneNumber")
    country_code, national = _country_code(content), _required_text(content, "purePhoneNumber")
    form = _MAINLAND_NATIONAL if country_code == _MAINLAND else _NATIONAL
    if not form.fullmatch(national) or not _SHORTEST <= len(country_code + national) <= _LONGEST:
        raise WrongField("purePhoneNumber")
    bare = shown == national and (country_code == _MAINLAND or not sealed)
    if not bare and shown.removeprefix("+") != country_code + national:
        raise InconsistentPhone
    return PhoneNumber(f"+{country_code}{national}", country_code, national)


def _answered(app: App, phone_info: Any) -> PhoneNumber:
    if not isinstance(phone_info, dict):
        raise Unreadable(GETUSERPHONENUMBER, "no usable phone_info")
    try:
        check_appid(phone_info, app.appid)
        return read_phone_number(phone_info, sealed=False)
    except UserDataError as error:
        reason = str(error)
    raise Unreadable(GETUSERPHONENUMBER, f"phone_info: {reason}")


def _country_code(content: Mapping[str, Any]) -> str:
    country_code = content.get("countryCode")
    if country_code is None:
        raise MissingField("countryCode")
    # Documented as text, and a number in the documentation's own example; bounded, since str refuses huge numbers.
    text = str(country_code) if type(country_code) is int and country_code in range(1000) else country_code
    if not isinstance(text, str) or not _COUNTRY_CODE.fullmatch(text):
        raise WrongField("countryCode")
    return text


def _required_text(content: Mapping[str, Any], name: str) -> str:
    text = content.get(name)
    if text is None:
        raise MissingField(name)
    if not isinstance(text, str):
        raise WrongField(name)
    return text
