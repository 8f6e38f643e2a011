"""Addresses of pictures: ours are kept by their key, and nothing passes for a picture elsewhere that is ours."""

import pytest

from services.media.addresses import OwnPictures
from services.media.keys import MediaKey

HOME = "https://shop.example"
KEY = MediaKey.for_content("avatars", b"picture", "jpg")
OURS = f"{HOME}/media/{KEY}"


def test_a_picture_is_kept_by_its_key_and_shown_where_the_server_is_today() -> None:
    kept = OwnPictures(HOME).kept(OURS)

    moved = OwnPictures("https://new.example/api")
    assert kept == f"/media/{KEY}"
    assert moved.shown(kept) == f"https://new.example/api/media/{KEY}"
    assert moved.kept(f"https://new.example/api/media/{KEY}") == kept
    assert (moved.key_of(kept), OwnPictures(None).shown(kept)) == (KEY, None)


def test_an_address_that_was_stored_whole_is_the_same_picture() -> None:
    moved = OwnPictures("https://new.example")

    assert (moved.key_of(OURS), moved.shown(OURS)) == (KEY, f"https://new.example/media/{KEY}")
    assert moved.kept(OURS) == f"/media/{KEY}"


@pytest.mark.parametrize("address", ["https://cdn.example/a.png", "https://cdn.example/media/a.png", "https://[::1]/a"])
def test_a_picture_elsewhere_is_kept_and_shown_as_it_is(address: str) -> None:
    pictures = OwnPictures(HOME)

    assert (pictures.kept(address), pictures.shown(address), pictures.key_of(address)) == (address, address, None)
    assert OwnPictures(None).shown(address) == address


def test_nothing_is_shown_for_nothing() -> None:
    assert (OwnPictures(HOME).shown(None), OwnPictures(HOME).key_of(None)) == (None, None)


SPELLINGS = [
    f"HTTPS://shop.example/media/{KEY}",
    f"https://SHOP.example/media/{KEY}",
    f"https://shop.example:443/media/{KEY}",
    f"https://shop.example./media/{KEY}",
    f"http://shop.example/media/{KEY}",
    f"https://elsewhere.example/media/{KEY}",
]


@pytest.mark.parametrize("address", SPELLINGS)
def test_another_spelling_is_the_same_key(address: str) -> None:
    assert OwnPictures(HOME).kept(address) == f"/media/{KEY}"


@pytest.mark.parametrize(
    "address",
    [
        f"https://shop.example/x/../media/{KEY}",
        f"https://shop.example/./media/{KEY}",
        f"https://shop.example//media/{KEY}",
        f"https://shop.example/%6dedia/{KEY}",
        f"https://shop.example/media/{str(KEY).replace('/', '%2f')}",
        f"https://shop%2eexample/media/{KEY}?",
        f"https://shop%2eexample/x/../media/{KEY}",
        f"https://shop.example\\media\\{KEY}",
        f"https://elsewhere.example\\@shop.example/media/{KEY}",
        f"https://user@shop.example/media/{KEY}",
        f"https://shop.example/media/{KEY}?a=b",
        f"https://shop.example/media/{KEY}#a",
        f"https://SHOP.example./media/{KEY}?a",
        "https://shop.example:8443/a.png",
        "https://shop.example/a.png",
        "https://shop.example",
        f"/media/{KEY}",
        str(KEY),
        f"//shop.example/media/{KEY}",
        "http://elsewhere.example/a.png",
        "https://",
        "",
    ],
)
def test_every_other_form_is_refused(address: str) -> None:
    assert OwnPictures(HOME).kept(address) is None


def test_a_host_of_other_letters_is_known_in_both_forms() -> None:
    pictures = OwnPictures("https://茶.example")

    assert pictures.kept("https://xn--8dv.example/a.png".replace("xn--8dv", "茶".encode("idna").decode())) is None


@pytest.mark.parametrize(
    "text", ["a" * 100_000, f"{HOME}/" + "a/" * 50_000 + f"media/{KEY}", "https://" + "/" * 100_000]
)
def test_long_texts_are_nobodys_picture(text: str) -> None:
    assert OwnPictures(HOME).kept(text) is None
