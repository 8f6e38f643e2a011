"""The one thing wanted of a picture's EXIF data: which way up it is (EXIF 2.3, tag 0x0112)."""

import struct
from typing import Final

from services.media.formats.stripped import UPRIGHT

_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_MOST_TAGS: Final = 200
_LAST_ORIENTATION: Final = 8


def orientation(exif: bytes) -> int:
    """1 to 8 from the first directory of EXIF data, with or without its `Exif` prefix; 1 for data that says nothing.

    Pillow's own reader is not used: it follows every tag of every directory, and warns about each that is odd.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        return _find(tiff, order)
    except struct.error:  # a directory or a tag beyond the end
        return UPRIGHT


def _find(tiff: bytes, order: str) -> int:
    (directory,) = struct.unpack_from(f"{order}L", tiff, 4)
    (tags,) = struct.unpack_from(f"{order}H", tiff, directory)
    for number in range(min(tags, _MOST_TAGS)):
        tag, kind, count, value = struct.unpack_from(f"{order}HHLH", tiff, directory + 2 + 12 * number)
        if tag == _ORIENTATION:
            is_sound = (kind, count) == (_SHORT, 1) and UPRIGHT <= value <= _LAST_ORIENTATION
            return int(value) if is_sound else UPRIGHT
    return UPRIGHT
