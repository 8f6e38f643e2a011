"""WebP (RFC 9649): cut off at its end, its canvas read from its header; the decoder itself skips the metadata."""

import struct
from collections.abc import Iterator
from typing import Final

from services.media.formats.exif import orientation
from services.media.formats.stripped import MOST_PARTS, UPRIGHT, Stripped
from services.media.refusals import Damaged, Truncated

_FRONT: Final = 12
_CHUNK_FRONT: Final = 8
_KEY_FRAME: Final = b"\x9d\x01\x2a"
_LOSSLESS: Final = 0x2F
_FOURTEEN_BITS: Final = 0x3FFF

# Two canvases of the animation decoder, which Pillow uses for still pictures too, a copy of one, and Pillow's own.
_PIXEL_BYTES: Final = 16


def is_webp(data: bytes) -> bool:
    """Whether the content begins as a WebP file does."""
    return data.startswith(b"RIFF") and data[8:_FRONT] == b"WEBP"


def strip(data: bytes) -> Stripped:
    """A WebP file and no byte after it; raises Truncated or Damaged."""
    end = _CHUNK_FRONT + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise Truncated
    chunks = list(_chunks(data[:end]))
    if not chunks:
        raise Damaged
    width, height = size = _canvas(*chunks[0])
    turned = next((orientation(content) for kind, content in chunks if kind == b"EXIF"), UPRIGHT)
    return Stripped(data[:end], size, width * height * _PIXEL_BYTES, turned)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = _FRONT
    for _ in range(MOST_PARTS):
        if place + _CHUNK_FRONT > len(data):
            return
        kind, length = struct.unpack_from("<4sL", data, place)
        place += _CHUNK_FRONT
        if place + length > len(data):
            raise Damaged
        yield kind, data[place : place + length]
        place += length + length % 2  # padded to an even length
    raise Damaged


def _canvas(kind: bytes, content: bytes) -> tuple[int, int]:
    try:
        if kind == b"VP8X":
            return int.from_bytes(content[4:7], "little") + 1, int.from_bytes(content[7:10], "little") + 1
        if kind == b"VP8L" and content[0] == _LOSSLESS:
            (bits,) = struct.unpack_from("<L", content, 1)
            return (bits & _FOURTEEN_BITS) + 1, (bits >> 14 & _FOURTEEN_BITS) + 1
        if kind == b"VP8 " and content[3:6] == _KEY_FRAME:
            width, height = struct.unpack_from("<HH", content, 6)
            if width & _FOURTEEN_BITS and height & _FOURTEEN_BITS:
                return width & _FOURTEEN_BITS, height & _FOURTEEN_BITS
    except (struct.error, IndexError):
        raise Damaged from None
    raise Damaged
