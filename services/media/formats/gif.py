"""GIF (GIF89a specification): the screen, the palettes and the first picture; comments, applications, frames go."""

import struct
from typing import Final

from services.media.formats.stripped import MOST_PARTS, Stripped
from services.media.refusals import Damaged, Truncated

SIGNATURES: Final = (b"GIF87a", b"GIF89a")

_SCREEN: Final = 13
_EXTENSION, _PICTURE, _TRAILER = b"!", b",", b";"
_GRAPHIC_CONTROL: Final = 0xF9
_GRAPHIC_CONTROL_LENGTH: Final = 4
_TRANSPARENT: Final = 1
_DESCRIPTOR: Final = 9
_HAS_TABLE: Final = 0x80


def strip(data: bytes) -> Stripped:
    """The first picture in a GIF file, on its screen; raises Truncated or Damaged."""
    place = _after_table(data, _SCREEN, data[10:11])
    kept = bytearray(_part(data, 0, place))
    control, place = _before_picture(data, place)
    descriptor = _part(data, place + 1, place + 1 + _DESCRIPTOR)
    code_size = _after_table(data, place + 1 + _DESCRIPTOR, descriptor[8:9])
    end = _after_blocks(data, code_size + 1)
    kept += control + data[place:end] + _TRAILER
    width, height = size = _size(data, descriptor)
    return Stripped(bytes(kept), size, width * height)


def _before_picture(data: bytes, place: int) -> tuple[bytes, int]:
    """What is known of the first picture's transparency, and the place of that picture."""
    control = b""
    for _ in range(MOST_PARTS):
        introducer = _part(data, place, place + 1)
        if introducer == _PICTURE:
            return control, place
        if introducer != _EXTENSION:
            raise Damaged
        label = _part(data, place + 1, place + 2)[0]
        end = _after_blocks(data, place + 2)
        if label == _GRAPHIC_CONTROL:
            control = _transparency(data[place + 2 : end])
        place = end
    raise Damaged


def _part(data: bytes, start: int, end: int) -> bytes:
    if end > len(data):
        raise Truncated
    return data[start:end]


def _after_table(data: bytes, place: int, flags: bytes) -> int:
    """The place after a palette, where the flags announce one."""
    if not flags:
        raise Truncated
    length = 3 << (flags[0] & 7) + 1 if flags[0] & _HAS_TABLE else 0
    _part(data, place, place + length)
    return place + length


def _after_blocks(data: bytes, place: int) -> int:
    """The place after blocks that each say their length, of which the last is empty."""
    length = len(data)
    while place < length and (block := data[place]):
        place += block + 1
    _part(data, place, place + 1)
    return place + 1


def _transparency(blocks: bytes) -> bytes:
    """A graphic control extension that says which colour is transparent, and nothing about time and disposal."""
    if len(blocks) < _GRAPHIC_CONTROL_LENGTH + 2 or blocks[0] != _GRAPHIC_CONTROL_LENGTH:
        raise Damaged
    flags, colour = blocks[1] & _TRANSPARENT, blocks[4]
    return _EXTENSION + bytes((_GRAPHIC_CONTROL, _GRAPHIC_CONTROL_LENGTH, flags, 0, 0, colour, 0))


def _size(data: bytes, descriptor: bytes) -> tuple[int, int]:
    """The screen's, made larger where the picture reaches beyond it: so does Pillow."""
    screen_width, screen_height = struct.unpack_from("<HH", data, 6)
    left, top, width, height = struct.unpack_from("<HHHH", descriptor)
    if not (width and height):
        raise Damaged
    return max(screen_width, left + width), max(screen_height, top + height)
