"""PNG (ISO/IEC 15948): header, palette, transparency and pixels; texts, profiles and animation frames are dropped."""

import struct
from collections.abc import Iterator
from typing import Final

from services.media.formats.exif import orientation
from services.media.formats.stripped import MOST_PARTS, UPRIGHT, Stripped
from services.media.refusals import Damaged, Truncated

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

_PIXELS: Final = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
_HEADER_LENGTH: Final = 13
_AROUND: Final = 12  # length, type and checksum of a chunk
_SIXTEEN_BITS: Final = 16

# By colour type, bytes of one decoded pixel: grey, true colour, palette, grey with alpha, true colour with alpha.
_PIXEL_BYTES: Final = {0: 1, 2: 4, 3: 1, 4: 4, 6: 4}
_GREY: Final = 0


def strip(data: bytes) -> Stripped:
    """The picture in a PNG file, of an animated one the still picture; raises Truncated or Damaged.

    Checksums are left to the decoder.
    """
    kept = bytearray(SIGNATURE)
    header: bytes | None = None
    turned = UPRIGHT
    for kind, payload, whole in _chunks(data):
        if (kind == b"IHDR") != (header is None):  # it comes first and once
            raise Damaged
        if header is None:
            header = payload
        if kind == b"eXIf":
            turned = orientation(payload)
        if kind in _PIXELS:
            kept += whole
    size, memory = _measure(header or b"")
    return Stripped(bytes(kept), size, memory, turned)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Type, content and the whole of each chunk, to the end of the image."""
    place = len(SIGNATURE)
    for _ in range(MOST_PARTS):
        end = place + _AROUND + int.from_bytes(data[place : place + 4], "big")
        if end > len(data):
            raise Truncated
        whole = data[place:end]
        kind = whole[4:8]
        yield kind, whole[8:-4], whole
        if kind == b"IEND":
            return
        place = end
    raise Damaged


def _measure(header: bytes) -> tuple[tuple[int, int], int]:
    if len(header) != _HEADER_LENGTH:
        raise Damaged
    width, height, depth, colours = struct.unpack_from(">LLBB", header)
    if not (width and height) or colours not in _PIXEL_BYTES:
        raise Damaged
    is_deep_grey = colours == _GREY and depth == _SIXTEEN_BITS
    return (width, height), width * height * (2 if is_deep_grey else _PIXEL_BYTES[colours])
