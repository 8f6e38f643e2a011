"""The cipher over several keys: the first seals, all of them open, and which one is told."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from models.encryption import Cipher, UnreadableError, new_secret_key

NEW, OLD, OLDER, FOREIGN = (new_secret_key() for _ in range(4))


@given(st.text())
def test_what_any_of_the_keys_sealed_opens(text: str) -> None:
    cipher = Cipher([NEW, OLD, OLDER])
    sealed = [Cipher([key]).seal(text) for key in (NEW, OLD, OLDER)]

    assert [cipher.open(one) for one in sealed] == [text] * 3
    assert [cipher.place_of_key(one) for one in sealed] == [0, 1, 2]


@given(st.text())
def test_what_is_renewed_opens_with_the_first_key_alone(text: str) -> None:
    renewed = Cipher([NEW, OLD, OLDER]).renew(Cipher([OLDER]).seal(text))

    assert renewed is not None
    assert Cipher([NEW]).open(renewed) == text


def test_what_the_first_key_sealed_is_not_renewed() -> None:
    cipher = Cipher([NEW, OLD])

    assert cipher.renew(cipher.seal("text")) is None


@pytest.mark.parametrize(
    "stored",
    [Cipher([FOREIGN]).seal("text"), "gAAAA", "", "text", "字"],
    ids=["foreign", "cut", "empty", "plain", "chinese"],
)
def test_what_no_key_opens_has_no_place_and_is_not_renewed(stored: str) -> None:
    cipher = Cipher([NEW, OLD])

    assert cipher.place_of_key(stored) is None
    assert cipher.renew(stored) is None
    with pytest.raises(UnreadableError):
        cipher.open(stored)


def test_a_new_key_is_a_fernet_key_and_another_one_each_time() -> None:
    first, second = new_secret_key(), new_secret_key()

    assert first != second
    assert Cipher([first]).open(Fernet(first).encrypt(b"text").decode()) == "text"
