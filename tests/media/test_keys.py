"""Keys and addresses of stored pictures: what is one, and what looks like one."""

import hashlib

import pytest

from services.media.addresses import OwnPictures
from services.media.keys import MediaKey

DIGEST = hashlib.sha256(b"picture").hexdigest()
KEY = f"avatars/{DIGEST}.jpg"
HOME = "https://shop.example"

NO_KEYS = [
    "",
    "/",
    DIGEST,
    f"{DIGEST}.jpg",
    f"/{KEY}",
    f"{KEY}/",
    f"{KEY}\n",
    f"{KEY}\0",
    f"{KEY}?a=1",
    f"./{KEY}",
    f"../{KEY}",
    f"avatars/../{KEY}",
    f"avatars/..%2f{DIGEST}.jpg",
    f"avatars\\{DIGEST}.jpg",
    f"avatars//{DIGEST}.jpg",
    f"avatars/{DIGEST}.JPG",
    f"avatars/{DIGEST.upper()}.jpg",
    f"avatars/{DIGEST}.svg",
    f"avatars/{DIGEST}.html",
    f"avatars/{DIGEST}",
    f"avatars/{DIGEST}.jpg.jpg",
    f"avatars/{DIGEST[1:]}.jpg",
    f"avatars/0{DIGEST}.jpg",
    f"others/{DIGEST}.jpg",
    "avatars/../../../../etc/passwd",
    "avatars/" + "\N{ARABIC-INDIC DIGIT ZERO}" * 64 + ".jpg",
]


@pytest.mark.parametrize(
    ("folder", "extension", "content_type"),
    [("avatars", "jpg", "image/jpeg"), ("codes", "png", "image/png"), ("codes", "jpg", "image/jpeg")],
)
def test_a_key_is_made_of_the_content(folder: str, extension: str, content_type: str) -> None:
    key = MediaKey.for_content(folder, b"picture", extension)
    assert str(key) == f"{folder}/{DIGEST}.{extension}"
    assert key.content_type == content_type
    assert MediaKey.parse(str(key)) == key


@pytest.mark.parametrize("text", NO_KEYS)
def test_nothing_else_is_a_key(text: str) -> None:
    assert MediaKey.parse(text) is None
    assert OwnPictures(HOME).key_of(f"{HOME}/media/{text}") is None
    assert OwnPictures(HOME).key_of(f"/media/{text}") is None


@pytest.mark.parametrize(
    ("folder", "digest", "extension"), [("..", DIGEST, "jpg"), ("avatars", "..", "jpg"), ("avatars", DIGEST, "exe")]
)
def test_no_key_can_be_made_of_other_parts(folder: str, digest: str, extension: str) -> None:
    with pytest.raises(ValueError, match=r"^not the key of a stored picture$"):
        MediaKey(folder, digest, extension)
