"""Draws what looks like a mini program code: rays of dots that a text decides, with the scene written below.

No scanner reads it; two texts give two pictures, and one text always the same.
"""

import hashlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_RAYS = 60
_RINGS = 8
_INNER, _OUTER = 0.19, 0.40
_MIDDLE = (0.5, 0.45)
_EYES = ((0.13, 0.08), (0.87, 0.08), (0.13, 0.82))
_TEXT_AT = (0.5, 0.945)
_FINER = 2
"""Drawn so many times larger, then scaled down: smooth edges."""
_INK, _PAPER = 255, 0


@dataclass(frozen=True, slots=True)
class Look:
    """`width` in pixels, which is the height too; `color` as red, green, blue; `is_hyaline` is transparent."""

    width: int
    color: tuple[int, int, int]
    is_hyaline: bool


def draw(text: str, caption: str, look: Look) -> bytes:
    """The picture of a text: PNG where it is transparent, else JPEG."""
    size = (look.width, look.width)
    mask = _mask(text, caption, look.width * _FINER).resize(size, Image.Resampling.LANCZOS)
    picture = Image.new("RGB", size, look.color if look.is_hyaline else "white")
    if look.is_hyaline:
        picture.putalpha(mask)
    else:
        picture.paste(look.color, mask=mask)
    content = io.BytesIO()
    picture.save(content, "PNG" if look.is_hyaline else "JPEG")
    return content.getvalue()


def _mask(text: str, caption: str, width: int) -> Image.Image:
    mask = Image.new("L", (width, width), _PAPER)
    pen = ImageDraw.Draw(mask)
    for x, y in _dots(text):
        pen.circle((x * width, y * width), 0.009 * width, _INK)
    pen.circle((_MIDDLE[0] * width, _MIDDLE[1] * width), 0.15 * width, _INK)
    pen.arc([value * width for value in (0.42, 0.37, 0.58, 0.53)], 30, 330, _PAPER, width // 40)
    for x, y in _EYES:
        pen.circle((x * width, y * width), 0.06 * width, _PAPER, _INK, width // 40)
        pen.circle((x * width, y * width), 0.02 * width, _INK)
    # Room for the 32 widest characters of a scene.
    font = ImageFont.load_default(width * min(0.05, 0.9 / max(1, len(caption))))
    pen.text((_TEXT_AT[0] * width, _TEXT_AT[1] * width), caption, _INK, font, anchor="mm")
    return mask


def _dots(text: str) -> Iterator[tuple[float, float]]:
    bits = int.from_bytes(hashlib.shake_256(text.encode()).digest(_RAYS * _RINGS // 8))
    for place in range(_RAYS * _RINGS):
        if bits >> place & 1:
            ray, ring = divmod(place, _RINGS)
            angle = 2 * math.pi * ray / _RAYS
            radius = _INNER + (_OUTER - _INNER) * ring / (_RINGS - 1)
            yield _MIDDLE[0] + radius * math.cos(angle), _MIDDLE[1] + radius * math.sin(angle)
