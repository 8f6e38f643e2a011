"""From a file that somebody sent to a picture of ours: small, upright, without metadata, and always the same JPEG."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from services.media.formats import gif, jpeg, png, webp
from services.media.formats.stripped import WIDEST_SHRUNK, Stripped
from services.media.refusals import Damaged, NotAnImage, TooLarge, TooManyPixels

LARGEST_FILE: Final = 2 * 1024 * 1024
"""Bytes of a picture that are accepted."""

AVATAR_SIDE: Final = 512
"""Pixels of the longest side of an avatar; smaller ones stay as they are."""

PRODUCT_SIDE: Final = 1024
"""Pixels of the longest side of a product's picture; smaller ones stay as they are."""

_MOST_PIXELS: Final = 40_000_000
_MOST_MEMORY: Final = 48 * 1024 * 1024  # bytes for decoding one picture; 1600 by 1600 fits in every format
_BAND_PIXELS: Final = 256 * 1024
_QUALITY: Final = 85

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is stored; `extension` is without a dot."""

    content: bytes
    content_type: str
    extension: str


def prepare_avatar(data: bytes) -> Picture:
    """The avatar made of a JPEG, PNG, WebP or GIF file, at most 512 pixels square; of an animation the first frame.

    Deterministic: the same file gives the same picture, here and as a product's. Raises one of the kinds of
    ImageRefused.
    Takes up to 60 MiB and most of a second: run it in a `Workshop`.
    """
    return _prepared(data, _square)


def prepare_product_picture(data: bytes) -> Picture:
    """As `prepare_avatar`, uncut: the whole picture in its proportions, at most 1024 pixels on its longest side."""
    return _prepared(data, _whole)


def _prepared(data: bytes, shape: Callable[[Image.Image], Image.Image]) -> Picture:
    if len(data) > LARGEST_FILE:
        raise TooLarge(LARGEST_FILE)
    strip, decoder = _format(data)
    stripped = strip(data)
    width, height = stripped.size
    if width * height > _MOST_PIXELS or stripped.memory > _MOST_MEMORY:
        raise TooManyPixels
    try:
        shaped = shape(_decoded(decoder, stripped))
    except MemoryError:
        raise
    except Exception as error:  # decoders fail on hostile bytes with whatever exception they meet
        raise Damaged from error
    if stripped.orientation in _TURNS:
        shaped = shaped.transpose(_TURNS[stripped.orientation])
    return Picture(_encoded(shaped), "image/jpeg", "jpg")


def _format(data: bytes) -> tuple[Callable[[bytes], Stripped], type[ImageFile]]:
    """By the content alone. The decoder is named rather than looked for, so that none of Pillow's others can run."""
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.strip, JpegImageFile
    if data.startswith(png.SIGNATURE):
        return png.strip, PngImageFile
    if data.startswith(gif.SIGNATURES):
        return gif.strip, GifImageFile
    if webp.is_webp(data):
        return webp.strip, WebPImageFile
    raise NotAnImage


def _decoded(decoder: type[ImageFile], stripped: Stripped) -> Image.Image:
    image = decoder(io.BytesIO(stripped.content))
    if image.size != stripped.size:  # what was measured must be what is decoded
        raise Damaged
    image.draft(None, (WIDEST_SHRUNK, WIDEST_SHRUNK))
    image.load()
    return image


def _square(image: Image.Image) -> Image.Image:
    """The middle, as far as it is square."""
    width, height = image.size
    factor = max(1, min(width, height) // WIDEST_SHRUNK)
    side = min(width, height) // factor * factor
    left, top = (width - side) // 2, (height - side) // 2
    square = _reduced(image, (left, top, left + side, top + side), factor)
    if square.width > AVATAR_SIDE:
        square = square.resize((AVATAR_SIDE, AVATAR_SIDE), Image.Resampling.LANCZOS)
    return square


def _whole(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    whole = _reduced(image, (0, 0, *image.size), max(1, longest // WIDEST_SHRUNK))
    if longest > PRODUCT_SIDE:
        sides = [max(1, round(side * PRODUCT_SIDE / longest)) for side in image.size]
        whole = whole.resize((sides[0], sides[1]), Image.Resampling.LANCZOS)
    return whole


def _reduced(image: Image.Image, box: tuple[int, int, int, int], factor: int) -> Image.Image:
    """What is in the box, a whole `factor` smaller, on white and in RGB.

    Converted in bands, because whole it would be in memory two or three times.
    """
    left, top, right, bottom = box
    rows = factor * max(1, _BAND_PIXELS // ((right - left) * factor))
    reduced = Image.new("RGB", (-(-(right - left) // factor), -(-(bottom - top) // factor)))
    for start in range(top, bottom, rows):
        band = image.crop((left, start, right, min(start + rows, bottom)))
        reduced.paste(_flattened(band).reduce(factor), (0, (start - top) // factor))
    return reduced


def _flattened(band: Image.Image) -> Image.Image:
    if band.mode.startswith("I"):
        # Of 16 bits of grey the upper 8; a mere conversion would make everything white that is brighter than 255.
        return band.point(lambda grey: grey * (1 / 256)).convert("L").convert("RGB")
    if not band.has_transparency_data:
        return band.convert("RGB")
    white = Image.new("RGBA", band.size, "white")
    white.alpha_composite(band.convert("RGBA"))
    return white.convert("RGB")


def _encoded(shaped: Image.Image) -> bytes:
    output = io.BytesIO()
    shaped.save(output, "JPEG", quality=_QUALITY)
    return output.getvalue()
