"""The fields of data from the phone: what is read, what counts as absent, what is refused."""

import json
from typing import Any

import pytest

from tests.wechat.scripted import OPENID, UNIONID
from tests.wechat.sealing import ENCRYPTED, PHONE, SIGNED, WATERMARK
from wechat import user_data_errors as errors
from wechat.phone import PhoneNumber, read_phone_number
from wechat.user_data_fields import Profile, read_group, read_profile

PROFILE = json.loads(ENCRYPTED["plaintext"])
NOTHING = Profile(None, None, None, None, None, None, None, None, None)


def profile_failure(content: dict[str, Any]) -> errors.UserDataError:
    with pytest.raises(errors.UserDataError) as raised:
        read_profile(content, openid=OPENID)
    return raised.value


def phone_failure(change: dict[str, Any], *, sealed: bool = True) -> errors.UserDataError:
    with pytest.raises(errors.UserDataError) as raised:
        read_phone_number({**PHONE, **change}, sealed=sealed)
    return raised.value


# ---------------------------------------------------------------- profile


def test_the_published_profile_is_read() -> None:
    assert read_profile(PROFILE, openid=OPENID) == Profile(
        nickname="Band",
        avatar_url=PROFILE["avatarUrl"],
        gender=1,
        country="CN",
        province="Guangdong",
        city="Guangzhou",
        language="zh_CN",
        openid=OPENID,
        unionid=UNIONID,
    )


def test_the_published_raw_data_names_nobody() -> None:
    profile = read_profile(json.loads(SIGNED["rawData"]), openid=OPENID)

    assert (profile.nickname, profile.openid, profile.unionid) == ("Band", None, None)


@pytest.mark.parametrize("value", [None, ""])
def test_any_field_may_be_absent(value: str | None) -> None:
    assert read_profile({}, openid=OPENID) == NOTHING
    names = [name for name in PROFILE if name not in ("gender", "watermark")]
    assert read_profile(dict.fromkeys(names, value), openid=OPENID) == NOTHING


def test_a_nickname_is_given_as_it_came_and_unknown_fields_are_passed_over() -> None:
    content = {"nickName": " e\u0301\u200d👩‍🚀\n", "is_demote": True}

    assert read_profile(content, openid=OPENID).nickname == " e\u0301\u200d👩‍🚀\n"


@pytest.mark.parametrize(
    ("gender", "read"), [(0, 0), (1, 1), (2, 2), (3, None), (-1, None), (10**400, None), (None, None)]
)
def test_an_unknown_gender_is_absent(gender: int | None, read: int | None) -> None:
    assert read_profile({"gender": gender}, openid=OPENID).gender == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("gender", value) for value in ("1", True, 1.0, [1], {"a": 1})),
        *(
            (name, value)
            for name in PROFILE
            if name not in ("gender", "watermark")
            for value in (7, False, ["a"], {"a": 1})
        ),
        *((name, "x" * 4096) for name in PROFILE if name not in ("gender", "watermark")),
        *((name, "a\n") for name in ("avatarUrl", "country", "province", "city", "language", "openId", "unionId")),
        *((name, "\ud800") for name in ("avatarUrl", "country", "province", "city", "language", "openId", "unionId")),
        *(("avatarUrl", value) for value in ("https://a b", "https://微信", "https://a/\u00e9")),
    ],
)
def test_a_field_of_another_type_or_form_is_wrong(name: str, value: Any) -> None:
    error = profile_failure({**PROFILE, name: value})

    assert type(error) is errors.WrongField
    assert str(error) == f"a field is wrong ({name})"


@pytest.mark.parametrize("openid", [OPENID[:-1], OPENID.lower(), "p" + OPENID[1:], "微信"])
def test_another_users_data_is_refused(openid: str) -> None:
    assert type(profile_failure({**PROFILE, "openId": openid})) is errors.ForeignOpenid


@pytest.mark.parametrize("absent", [{"openId": None}, {"openId": ""}])
def test_a_unionid_never_comes_without_an_openid(absent: dict[str, Any]) -> None:
    error = profile_failure({**PROFILE, **absent})

    assert type(error) is errors.MissingField
    assert error.detail == "openId"


def test_a_profile_shows_nothing() -> None:
    shown = repr(read_profile(PROFILE, openid=OPENID))

    assert not any(str(value) in shown for name, value in PROFILE.items() if name not in ("gender", "watermark"))


# ---------------------------------------------------------------- group


def test_a_group_is_read() -> None:
    assert read_group({"openGId": "GgzXc0", "watermark": WATERMARK}) == "GgzXc0"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *((content, errors.MissingField) for content in ({}, {"openGId": None}, {"openGId": ""}, {"opengid": "G"})),
        *(({"openGId": value}, errors.WrongField) for value in (7, ["G"], "G" * 129, "G\x00")),
    ],
    ids=ascii,
)
def test_a_group_must_be_there(content: dict[str, Any], kind: type[errors.UserDataError]) -> None:
    with pytest.raises(kind, match="openGId"):
        read_group(content)


# ---------------------------------------------------------------- phone


@pytest.mark.parametrize("country_code", ["86", 86])
@pytest.mark.parametrize("shown", ["13800138000", "8613800138000", "+8613800138000"])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_mainland_number_is_read(country_code: Any, shown: str, sealed: bool) -> None:
    number = read_phone_number({**PHONE, "phoneNumber": shown, "countryCode": country_code}, sealed=sealed)

    assert number == PhoneNumber(e164="+8613800138000", country_code="86", national="13800138000")
    assert repr(number) == "PhoneNumber()"


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("plus", ["", "+"])
@pytest.mark.parametrize(
    ("country_code", "national"),
    [
        *(("852", "61234567"), (852, "61234567"), ("1", "2025550123"), (1, "2025550123"), ("39", "0612345678")),
        *(("683", "4002"), ("44", "1234567890123")),
    ],
)
def test_a_foreign_number_has_its_country_code(country_code: Any, national: str, plus: str, sealed: bool) -> None:
    shown = f"{plus}{country_code}{national}"

    number = read_phone_number(
        {"phoneNumber": shown, "purePhoneNumber": national, "countryCode": country_code}, sealed=sealed
    )

    assert number == PhoneNumber(f"+{country_code}{national}", str(country_code), national)


def test_a_foreign_number_without_its_country_code_is_believed_of_wechat_alone() -> None:
    bare = {"phoneNumber": "61234567", "purePhoneNumber": "61234567", "countryCode": "852"}

    assert read_phone_number(bare, sealed=False).e164 == "+85261234567"
    with pytest.raises(errors.InconsistentPhone):
        read_phone_number(bare)


@pytest.mark.parametrize(
    "shown",
    [
        *("13800138001", "86", "", "+13800138000", "++8613800138000", "008613800138000", "86 13800138000"),
        *("+86-13800138000", "8713800138000", "1380013800", "138001380000", " 13800138000", "\uff18\uff1613800138000"),
    ],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_both_fields_must_be_one_number(shown: str, sealed: bool) -> None:
    assert type(phone_failure({"phoneNumber": shown}, sealed=sealed)) is errors.InconsistentPhone


@pytest.mark.parametrize("name", ["phoneNumber", "purePhoneNumber", "countryCode"])
def test_each_field_must_be_there(name: str) -> None:
    error = phone_failure({name: None})

    assert type(error) is errors.MissingField
    assert str(error) == f"a field is missing ({name})"
    with pytest.raises(errors.MissingField, match=name):
        read_phone_number({other: value for other, value in PHONE.items() if other != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("phoneNumber", value) for value in (13800138000, True, ["13800138000"], {"a": 1})),
        *(("purePhoneNumber", value) for value in (13800138000, True, ["13800138000"], "", "1380013800a")),
        *(("purePhoneNumber", value) for value in ("1380013800", "138001380000", "23800138000", "+8613800138000")),
        *(("purePhoneNumber", value) for value in ("\uff11\uff13800138000", "13800138000\n", " 13800138000")),
        *(
            ("countryCode", value)
            for value in ("", "0", "086", "+86", "86 ", "8\uff16", "1234", "ab", True, 86.0, ["86"])
        ),
        *(("countryCode", value) for value in (0, -86, 1000, 10**5000)),
    ],
    ids=lambda value: ascii(value)[:30] if not isinstance(value, int) else "number",
)
def test_digits_are_plain_and_of_a_plausible_number(name: str, value: Any) -> None:
    error = phone_failure({name: value})

    assert type(error) is errors.WrongField
    assert str(error) == f"a field is wrong ({name})"


@pytest.mark.parametrize(("country_code", "national"), [("1", "23456"), ("852", "123"), ("44", "12345678901234")])
def test_a_foreign_number_has_seven_to_fifteen_digits(country_code: str, national: str) -> None:
    content = {"phoneNumber": country_code + national, "purePhoneNumber": national, "countryCode": country_code}

    with pytest.raises(errors.WrongField, match="purePhoneNumber"):
        read_phone_number(content)
