"""Avatars made of sound pictures: small, square, upright, on white, and without a word of what hung on them."""

import hashlib
from typing import Any

import pytest
from PIL import Image

from services.media.images import Picture, prepare_avatar
from tests.media.pictures import (
    BLUE,
    CANARY,
    FORMATS,
    GREEN,
    RED,
    WHITE,
    corners,
    encoded,
    exif,
    nearest,
    opened,
    plain,
    quarters,
    segment,
    stored_as,
    with_metadata,
)

UPRIGHT = ["red", "green", "blue", "white"]


def avatar(data: bytes) -> Image.Image:
    picture = prepare_avatar(data)
    image = opened(picture.content)
    assert (picture.content_type, picture.extension) == ("image/jpeg", "jpg")
    assert (image.format, image.mode, image.width == image.height) == ("JPEG", "RGB", True)
    return image


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("size", "side"),
    [((1, 1), 1), ((1, 300), 1), ((300, 200), 200), ((512, 900), 512), ((513, 513), 512), ((2000, 1500), 512)],
)
def test_an_avatar_is_square_and_at_most_512_pixels_and_never_enlarged(
    kind: str, size: tuple[int, int], side: int
) -> None:
    image = avatar(plain(kind, size, GREEN))
    assert image.size == (side, side)
    assert nearest(image.getpixel((side // 2, side // 2))) == "green"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("long", [300, 1500, 3000])
def test_the_middle_is_what_is_kept(kind: str, turned: bool, long: int) -> None:
    # given: red, four quarters, blue, side by side or one below the other
    side = long // 3
    whole = Image.new("RGB", (long, side), RED)
    whole.paste(BLUE, (2 * side, 0, long, side))
    whole.paste(quarters(side), (side, 0))
    if turned:
        whole = whole.transpose(Image.Transpose.TRANSPOSE)
    # when
    found = corners(avatar(encoded(whole, kind)))
    # then
    assert found == (["red", "blue", "green", "white"] if turned else UPRIGHT)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright(kind: str, orientation: int, order: str) -> None:
    # given
    data = exif(orientation, order)
    options: dict[str, Any] = {"quality": 95} if kind == "JPEG" else {}
    stored = stored_as(quarters(), orientation)
    # when
    image = avatar(encoded(stored, kind, exif=b"Exif\0\0" + data if kind == "JPEG" else data, **options))
    # then
    assert corners(image) == UPRIGHT


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        exif(0),
        exif(9),
        exif(6)[:30],
        b"XX" + exif(6)[2:],
        exif(6).replace(b"\x12\x01\x03\0", b"\x12\x01\x04\0"),
    ],
)
def test_odd_exif_data_turns_nothing(odd: bytes) -> None:
    jpeg = encoded(quarters(), "JPEG", quality=95)
    assert corners(avatar(jpeg[:2] + segment(0xE1, b"Exif\0\0" + odd) + jpeg[2:])) == UPRIGHT


@pytest.mark.parametrize("kind", FORMATS)
def test_metadata_is_gone(kind: str) -> None:
    # given
    data = with_metadata(kind)
    assert CANARY.encode() in data
    # when
    content = prepare_avatar(data).content
    # then
    image = opened(content)
    assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert corners(image) == UPRIGHT
    for trace in (b"canary", b"script", b"Exif", b"ICC_PROFILE", b"http", b"XMP", b"Adobe"):
        assert trace not in content


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_file_gives_the_same_bytes_and_metadata_changes_none_of_them(kind: str) -> None:
    # given
    with_it = with_metadata(kind)
    options: dict[str, Any] = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    without = encoded(quarters(), kind, **options)
    # when
    made = {hashlib.sha256(prepare_avatar(data).content).hexdigest() for data in (with_it, with_it, without)}
    # then
    assert len(made) == 1


def test_an_avatar_of_an_avatar_has_the_same_size() -> None:
    first = prepare_avatar(encoded(quarters(800), "PNG"))
    assert opened(prepare_avatar(first.content).content).size == (512, 512)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(kind: str, mode: str) -> None:
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 32))
    given = image.convert(mode) if kind == "PNG" else image.convert(mode).convert("RGBA")
    assert nearest(avatar(encoded(given, kind)).getpixel((16, 16))) == "white"


@pytest.mark.parametrize(
    ("given", "kind", "options", "expected"),
    [
        (Image.new("RGBA", (9, 9), (0, 0, 0, 128)), "PNG", {}, (127, 127, 127)),
        (Image.new("L", (9, 9), 100), "PNG", {}, (100, 100, 100)),
        (Image.new("L", (9, 9), 100), "PNG", {"transparency": 100}, WHITE),
        (Image.new("RGB", (9, 9), (9, 9, 9)), "PNG", {"transparency": (9, 9, 9)}, WHITE),
        (Image.new("1", (9, 9), 1), "PNG", {}, WHITE),
        (Image.new("I;16", (9, 9), 128 * 256), "PNG", {}, (128, 128, 128)),
        (Image.new("P", (9, 9), 0), "PNG", {"transparency": 0}, WHITE),
        (Image.new("P", (9, 9), 0), "GIF", {"transparency": 0}, WHITE),
        (Image.new("L", (9, 9), 100), "JPEG", {}, (100, 100, 100)),
        (Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "JPEG", {}, (254, 0, 0)),
        (Image.new("RGB", (9, 9), (100, 100, 100)), "JPEG", {"progressive": True}, (100, 100, 100)),
        (Image.new("RGB", (9, 9), (100, 100, 100)), "JPEG", {"keep_rgb": True}, (100, 100, 100)),
        (Image.new("RGB", (9, 9), (100, 100, 100)), "JPEG", {"restart_marker_blocks": 1}, (100, 100, 100)),
    ],
)
def test_every_kind_of_pixel_is_understood(
    given: Image.Image, kind: str, options: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    pixel = avatar(encoded(given, kind, **options)).getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert all(abs(one - other) <= 2 for one, other in zip(pixel, expected, strict=True)), pixel


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_what_is_kept(kind: str) -> None:
    # given
    frames = [Image.new("RGB", (40, 40), colour) for colour in (GREEN, RED, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert getattr(opened(data), "n_frames", 1) == 3
    # when
    image = avatar(data)
    # then
    assert nearest(image.getpixel((20, 20))) == "green"


def test_a_gif_that_disposes_of_its_frames_is_shown_as_its_first() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in (GREEN, RED)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2)
    assert nearest(avatar(data).getpixel((20, 20))) == "green"


def test_a_photograph_is_a_few_kilobytes() -> None:
    # given
    photograph = encoded(Image.effect_mandelbrot((3000, 2250), (-2, -1.5, 1, 1.5), 100).convert("RGB"), "JPEG")
    # when
    picture = prepare_avatar(photograph)
    # then
    assert isinstance(picture, Picture)
    assert opened(picture.content).size == (512, 512)
    assert len(picture.content) < 100_000
