"""Sound pictures in every format that is taken, and what is looked for in an avatar."""

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageCms, PngImagePlugin

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "<script>alert('canary')</script>"

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def plain(kind: str, size: tuple[int, int] = (60, 40), colour: tuple[int, ...] = RED, mode: str = "RGB") -> bytes:
    return encoded(Image.new(mode, size, colour), kind)


def quarters(side: int = 64) -> Image.Image:
    """Red and green above, blue and white below: it looks different each way up."""
    half = side // 2
    image = Image.new("RGB", (side, side), WHITE)
    for colour, place in ((RED, (0, 0)), (GREEN, (half, 0)), (BLUE, (0, half))):
        image.paste(colour, (*place, place[0] + half, place[1] + half))
    return image


def corners(image: Image.Image) -> list[str]:
    """The names of the colours of `quarters` at top left, top right, bottom left and bottom right."""
    near, far = image.width // 4, image.width * 3 // 4
    return [nearest(image.getpixel(place)) for place in ((near, near), (far, near), (near, far), (far, far))]


def nearest(pixel: Any) -> str:
    named = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE, "black": (0, 0, 0)}
    distances = {name: sum((a - b) ** 2 for a, b in zip(pixel, one, strict=True)) for name, one in named.items()}
    name = min(distances, key=lambda name: distances[name])
    assert distances[name] < 1000, pixel
    return name


def stored_as(upright: Image.Image, orientation: int) -> Image.Image:
    """The pixels of a file whose EXIF orientation shows `upright`: by the definition of tag 0x0112, not by turning."""
    last = upright.width - 1
    sources: dict[int, Callable[[int, int], tuple[int, int]]] = {
        1: lambda row, column: (row, column),
        2: lambda row, column: (row, last - column),
        3: lambda row, column: (last - row, last - column),
        4: lambda row, column: (last - row, column),
        5: lambda row, column: (column, row),
        6: lambda row, column: (column, last - row),
        7: lambda row, column: (last - column, last - row),
        8: lambda row, column: (last - column, row),
    }
    source = sources[orientation]
    stored = Image.new("RGB", upright.size)
    for row in range(upright.height):
        for column in range(upright.width):
            from_row, from_column = source(row, column)
            pixel = upright.getpixel((from_column, from_row))
            assert isinstance(pixel, tuple)
            stored.putpixel((column, row), pixel)
    return stored


def exif(orientation: int = 1, order: str = "<") -> bytes:
    """EXIF data, without its prefix, with a description, a copyright that is a script, and the orientation."""
    text = CANARY.encode() + b"\0"
    entries = [(0x010E, 2, len(text), None), (0x0112, 3, 1, orientation), (0x8298, 2, len(text), None)]
    place = 8 + 2 + 12 * len(entries) + 4
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        directory += struct.pack(f"{order}HHL", tag, kind, count)
        directory += struct.pack(f"{order}L", place) if value is None else struct.pack(f"{order}HH", value, 0)
    front = b"II*\0" if order == "<" else b"MM\0*"
    return front + struct.pack(f"{order}L", 8) + directory + b"\0" * 4 + text


def profile() -> bytes:
    """A colour profile that holds the canary at its end."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY.encode()


def with_metadata(kind: str) -> bytes:
    """A picture with everything that may be hung on one, the canary in each."""
    image, text = quarters(), CANARY.encode()
    if kind == "JPEG":
        options: dict[str, Any] = {"exif": b"Exif\0\0" + exif(), "icc_profile": profile(), "comment": text, "xmp": text}
        return encoded(image, kind, quality=95, **options) + text
    if kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", CANARY)
        texts.add_text("Raw profile type xmp", CANARY * 20, zip=True)
        texts.add_itxt("XML:com.adobe.xmp", CANARY)
        return encoded(image, kind, pnginfo=texts, exif=exif(), icc_profile=profile()) + text
    if kind == "WEBP":
        return encoded(image, kind, lossless=True, exif=exif(), icc_profile=profile(), xmp=text) + text
    application = b"!\xff\x0bXMP DataXMP" + bytes((len(text),)) + text + b"\0"
    whole = encoded(image, "GIF", comment=text)
    palette = 13 + (3 << (whole[10] & 7) + 1)
    return whole[:palette] + application + whole[palette:] + text


def segment(marker: int, payload: bytes) -> bytes:
    """A segment of a JPEG file."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def chunk(kind: bytes, payload: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">L", len(payload)) + kind + payload + struct.pack(">L", zlib.crc32(kind + payload))


def png(width: int, height: int, depth: int = 1, colours: int = 0, extra: bytes = b"") -> bytes:
    """A black PNG of any size, made row by row, so that the test itself holds no bomb."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    row = b"\0" * (1 + -(-width * depth * channels // 8))
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">LLBBBBB", width, height, depth, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
