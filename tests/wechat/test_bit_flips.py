"""CBC has no integrity: over every bit of iv and ciphertext, nothing else than what was sealed is ever stored."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.wechat.scripted import OPENID
from tests.wechat.sealing import APPID, ENCRYPTED, JUST_AFTER, OFFICIAL, PHONE, WATERMARK, Sealed, compact, seal
from wechat import user_data_errors as errors
from wechat.phone import read_phone_number
from wechat.user_data import check_watermark, open_encrypted
from wechat.user_data_fields import Profile, read_group, read_profile

Read = Callable[[dict[str, Any]], object]


def profile(content: dict[str, Any]) -> Profile:
    return read_profile(content, openid=OPENID)


def taken(sealed: Sealed, read: Read) -> object:
    """What a service would store; raises a UserDataError where it would refuse."""
    content = open_encrypted(*sealed.texts, ENCRYPTED["session_key"])
    check_watermark(content, appid=APPID, now=JUST_AFTER, max_age=300)
    return read(content)


def outcomes(sealed: Sealed, read: Read) -> Counter[str]:
    """How often each error, or the true values, came of one flipped bit; other values fail the test."""
    true_values = taken(sealed, read)
    counts: Counter[str] = Counter()
    for flipped in sealed.flips():
        try:
            values = taken(flipped, read)
        except errors.UserDataError as error:
            counts[type(error).__name__] += 1
        else:
            assert values == true_values
            counts["taken"] += 1
    assert counts.total() == (len(sealed.iv) + len(sealed.ciphertext)) * 8
    return counts


def test_the_published_profile_is_taken_as_it_is_or_not_at_all() -> None:
    # The first block is `{"openId":"oGZUI`: of its 128 bits 31 alter the openid, one to what is no letter, and 41 the
    # name of its field, after which the unionid stands alone.
    assert outcomes(OFFICIAL, profile) == {"NotOpened": 3256, "MissingField": 41, "ForeignOpenid": 30, "WrongField": 1}


def test_of_a_profile_without_unionid_a_flip_can_hide_the_openid_and_alter_nothing() -> None:
    # Given the profile of an app without an Open Platform account
    content = open_encrypted(*OFFICIAL.texts, ENCRYPTED["session_key"])
    del content["unionId"]
    sealed = seal(compact(content))

    # When the openId's name is altered, then what is left is a claim, with the same values
    def without_openid(content: dict[str, Any]) -> tuple[object, ...]:
        values = vars(profile(content))
        return tuple(value for name, value in values.items() if name != "openid")

    counts = outcomes(sealed, without_openid)
    assert (counts["taken"], counts["ForeignOpenid"]) == (41, 30)
    assert set(counts) == {"taken", "ForeignOpenid", "WrongField", "NotOpened"}


def test_of_a_profile_without_openid_a_flip_alters_the_first_letters_and_proves_nothing() -> None:
    # Given the data of wx.getUserProfile, whose first block is `{"nickName":"Ban`
    sealed = seal(compact({"nickName": "Band", "gender": 1, "watermark": WATERMARK}))

    # When the first letter is altered
    iv = bytes([*sealed.iv[:13], sealed.iv[13] ^ 1, *sealed.iv[14:]])
    altered = taken(Sealed(iv, sealed.ciphertext), profile)

    # Then nobody notices, and nothing says that it is more than a claim
    assert isinstance(altered, Profile)
    assert (altered.nickname, altered.openid) == ("Cand", None)


NAMES = ("phoneNumber", "purePhoneNumber", "countryCode")
ORDERS = [NAMES, (*NAMES[1:], NAMES[0]), (NAMES[2], *NAMES[:2]), (*NAMES, "watermark"), ("watermark", *NAMES)]


@pytest.mark.parametrize(
    ("shown", "national", "country_code"),
    [
        ("13800138000", "13800138000", "86"),
        ("13800138000", "13800138000", 86),
        ("+8613800138000", "13800138000", "86"),
        ("85261234567", "61234567", 852),
        ("819012345678", "9012345678", 81),
    ],
)
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_a_phone_number_is_taken_as_it_is_or_not_at_all(
    shown: str, national: str, country_code: str | int, order: tuple[str, ...]
) -> None:
    content = {"phoneNumber": shown, "purePhoneNumber": national, "countryCode": country_code, "watermark": WATERMARK}
    in_order = {name: content[name] for name in dict.fromkeys((*order, "watermark"))}

    counts = outcomes(seal(compact(in_order)), read_phone_number)

    assert "taken" not in counts


def test_what_catches_each_flip_of_a_phone_number_as_wechat_orders_it() -> None:
    # The first block is `{"phoneNumber":"`: what a flip can do there is to alter the field's name.
    assert outcomes(seal(compact(PHONE)), read_phone_number) == {"NotOpened": 1333, "MissingField": 75}


@pytest.mark.parametrize("shift", range(16))
def test_wherever_the_digits_lie_a_flip_in_them_is_caught(shift: int) -> None:
    # Given blanks in front, so that the first block, which the iv alters at will, ends within other fields
    counts = outcomes(seal(b" " * shift + compact(PHONE)), read_phone_number)

    # Then nothing is taken, not even with the true number
    assert counts["taken"] == 0


def test_a_group_is_taken_as_it_is_or_not_at_all_but_for_its_first_letters() -> None:
    # Given a group, whose id begins in the block that the iv alters
    sealed = seal(compact({"openGId": "GgzXc0b1nR9YQ-group", "watermark": WATERMARK}))

    def but_for_its_first_letters(content: dict[str, Any]) -> str:
        return read_group(content)[4:]

    assert set(outcomes(sealed, but_for_its_first_letters)) == {"NotOpened", "MissingField", "taken"}


def chosen_iv(before: bytes, known: bytes, wanted: bytes) -> bytes:
    """What makes a block open as `wanted`, which opens as `known` behind the block `before`."""
    return bytes(a ^ b ^ c for a, b, c in zip(before, known, wanted, strict=True))


def test_a_profile_cannot_be_cut_into_phone_data() -> None:
    # Given a user who took a number for a nickname, placed so that it begins a block
    plaintext = compact({"openId": OPENID, "nickName": "-" * 11 + "13912345678", "watermark": WATERMARK})
    sealed = seal(plaintext)

    # When the blocks before it are dropped, and the iv turns the last of them into the beginning of phone data
    iv = chosen_iv(sealed.ciphertext[32:48], plaintext[48:64], b'{"phoneNumber":"')
    cut = Sealed(iv, sealed.ciphertext[48:])

    # Then it opens, of this app and of this time, with that number; the fields that must agree with it are not there
    content = open_encrypted(*cut.texts, ENCRYPTED["session_key"])
    check_watermark(content, appid=APPID, now=JUST_AFTER, max_age=300)
    assert content["phoneNumber"] == "13912345678"
    with pytest.raises(errors.MissingField, match="countryCode"):
        read_phone_number(content)


def test_a_profile_cut_to_name_another_user_is_refused() -> None:
    # Given a user who took the end of another's openid for a nickname, placed so that it begins a block
    victim = "oVICT-another-users-openid-1"
    plaintext = compact({"openId": OPENID, "nickName": "-" * 11 + victim[5:], "watermark": WATERMARK})
    sealed = seal(plaintext)

    # When the rest of that openid is written through the iv
    iv = chosen_iv(sealed.ciphertext[32:48], plaintext[48:64], b'{"openId":"' + victim[:5].encode())
    content = open_encrypted(*Sealed(iv, sealed.ciphertext[48:]).texts, ENCRYPTED["session_key"])

    # Then it opens as data of that user, and the session's openid stops it
    assert content["openId"] == victim
    with pytest.raises(errors.ForeignOpenid):
        profile(content)
