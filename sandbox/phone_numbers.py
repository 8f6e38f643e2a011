"""Phone numbers: which may be given, and how WeChat takes one apart.

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html
"""

import re
from enum import StrEnum
from typing import Any

MAINLAND = "86"
_GIVEN = re.compile(r"1[3-9][0-9]{9}|\+[1-9][0-9]{6,14}")
# As the ITU gave them out in E.164: these have one or two digits, all others three.
_COUNTRY_CODE = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3}")


class CountryCodeAs(StrEnum):
    """The JSON type of countryCode: WeChat's page says string, its sample answer shows a number."""

    STRING = "string"
    NUMBER = "number"


def is_phone_number(text: str) -> bool:
    """Whether it is a bare mainland number, or one in E.164: a plus and 7 to 15 digits."""
    return _GIVEN.fullmatch(text) is not None


def phone_info(phone: str, *, country_code_as_number: bool) -> dict[str, Any]:
    """The three fields that WeChat gives. A foreign phoneNumber has its country code in front."""
    country_code, pure = _take_apart(phone)
    return {
        # WeChat does not say whether a plus comes before the country code. Without one a number of +1 looks like
        # a mainland number: a server that tells them apart by countryCode gets along with either.
        "phoneNumber": pure if country_code == MAINLAND else country_code + pure,
        "purePhoneNumber": pure,
        "countryCode": int(country_code) if country_code_as_number else country_code,
    }


def _take_apart(phone: str) -> tuple[str, str]:
    if not phone.startswith("+"):
        return MAINLAND, phone
    country_code: str = _COUNTRY_CODE.findall(phone)[0]
    return country_code, phone[1 + len(country_code) :]
