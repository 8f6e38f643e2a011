"""JPEG (ITU-T T.81): the tables, the frame and its scans; application data, comments and what follows are dropped."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from services.media.formats.exif import orientation
from services.media.formats.stripped import MOST_PARTS, UPRIGHT, WIDEST_SHRUNK, Stripped
from services.media.refusals import Damaged, Truncated

_START: Final = b"\xff\xd8"
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA
_TABLES: Final = frozenset((0xC4, 0xDB, 0xDD))  # Huffman, quantisation, restart interval
_FRAMES: Final = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive: what cameras write
_PROGRESSIVE: Final = 0xC2
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
_DROPPED: Final = frozenset((*range(0xE0, 0xF0), 0xFE))

# Both tell a decoder how colours are meant. JFIF's is written anew: its density and thumbnail are nobody's business.
_PLAIN_JFIF: Final = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_ADOBE_LENGTH: Final = 12

_END_OF_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

# Each scan visits every block of the picture, and a scan can be 33 bytes long: without a limit 2 MiB would keep a
# decoder busy for minutes. Encoders write about ten.
_MOST_SCANS: Final = 32
_EIGHT_BITS: Final = 8
_COMPONENTS: Final = frozenset((1, 3, 4))
_SCALES: Final = (8, 4, 2)
_BLOCK: Final = 8
_COEFFICIENT_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class _Frame:
    width: int
    height: int
    factors: tuple[tuple[int, int], ...]
    is_progressive: bool


class _Reading:
    """One pass over a file: `kept` grows, the rest is remembered as far as it matters."""

    def __init__(self) -> None:
        self.kept = bytearray(_START)
        self.frame: _Frame | None = None
        self.orientation: int | None = None
        self.scans = 0
        self.is_interleaved = False

    def take(self, marker: int, payload: bytes) -> None:
        """One segment other than a scan; raises Damaged for one that has no business in a photograph."""
        if marker in _FRAMES and self.frame is None:
            self.frame = _frame(payload, is_progressive=marker == _PROGRESSIVE)
            self.keep(marker, payload)
        elif marker in _TABLES:
            self.keep(marker, payload)
        elif marker == _JFIF and payload.startswith(b"JFIF\0"):
            self.keep(marker, _PLAIN_JFIF)
        elif marker == _ADOBE and payload.startswith(b"Adobe") and len(payload) >= _ADOBE_LENGTH:
            self.keep(marker, payload[:_ADOBE_LENGTH])
        elif marker == _EXIF and payload.startswith(b"Exif\0\0") and self.orientation is None:
            self.orientation = orientation(payload)
        elif marker not in _DROPPED:
            raise Damaged

    def take_scan(self, header: bytes, entropy: bytes) -> None:
        """One scan; raises Damaged for one without a frame, or one too many."""
        if self.frame is None or not header or self.scans == _MOST_SCANS:
            raise Damaged
        if self.scans == 0:
            self.is_interleaved = header[0] == len(self.frame.factors)
        self.scans += 1
        self.keep(_START_OF_SCAN, header)
        self.kept += entropy

    def keep(self, marker: int, payload: bytes) -> None:
        self.kept += struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload

    def end(self) -> Stripped:
        """The result at the end of the image; raises Damaged where there was no picture before it."""
        if self.frame is None or not self.scans:
            raise Damaged
        self.kept += struct.pack("BB", 0xFF, _END_OF_IMAGE)
        size = self.frame.width, self.frame.height
        memory = _decoded_bytes(self.frame)
        if self.frame.is_progressive or not self.is_interleaved:
            memory += _coefficient_bytes(self.frame)
        return Stripped(bytes(self.kept), size, memory, self.orientation or UPRIGHT)


def strip(data: bytes) -> Stripped:
    """The one picture in a JPEG file; raises Truncated or Damaged."""
    reading = _Reading()
    place = len(_START)
    for _ in range(MOST_PARTS):
        marker, place = _marker(data, place)
        if marker == _END_OF_IMAGE:
            return reading.end()
        payload, place = _payload(data, place)
        if marker == _START_OF_SCAN:
            end = _END_OF_SCAN.search(data, place)
            if end is None:
                raise Truncated
            reading.take_scan(payload, data[place : end.start()])
            place = end.start()
        else:
            reading.take(marker, payload)
    raise Damaged


def _marker(data: bytes, place: int) -> tuple[int, int]:
    """The next marker, which any number of fill bytes may precede, and the place after it."""
    if place < len(data) and data[place] != 0xFF:  # noqa: PLR2004  (every marker begins with this byte)
        raise Damaged
    while place < len(data) and data[place] == 0xFF:  # noqa: PLR2004  (as above)
        place += 1
    if place >= len(data):
        raise Truncated
    return data[place], place + 1


def _payload(data: bytes, place: int) -> tuple[bytes, int]:
    length = int.from_bytes(data[place : place + 2], "big")
    end = place + length
    if end > len(data) or place + 2 > len(data):
        raise Truncated
    if length < 2:  # noqa: PLR2004  (a length counts its own two bytes)
        raise Damaged
    return data[place + 2 : end], end


def _frame(payload: bytes, *, is_progressive: bool) -> _Frame:
    try:
        precision, height, width, count = struct.unpack_from(">BHHB", payload)
        factors = tuple(divmod(payload[7 + 3 * number], 16) for number in range(count))
    except (struct.error, IndexError):
        raise Damaged from None
    are_sound = all(1 <= factor <= 4 for pair in factors for factor in pair)  # noqa: PLR2004  (T.81, table B.2)
    if precision != _EIGHT_BITS or count not in _COMPONENTS or not (width and height and are_sound):
        raise Damaged
    return _Frame(width, height, factors, is_progressive)


def _decoded_bytes(frame: _Frame) -> int:
    shrink = min(frame.width, frame.height) // WIDEST_SHRUNK
    scale = next((scale for scale in _SCALES if scale <= shrink), 1)
    pixel_bytes = 1 if len(frame.factors) == 1 else 4
    return -(-frame.width // scale) * -(-frame.height // scale) * pixel_bytes


def _coefficient_bytes(frame: _Frame) -> int:
    """What libjpeg holds of a picture that comes in several scans: all of it, whatever size is asked for."""
    widest = max(factor for factor, _ in frame.factors)
    highest = max(factor for _, factor in frame.factors)
    units = -(-frame.width // (_BLOCK * widest)) * -(-frame.height // (_BLOCK * highest))
    blocks = units * sum(horizontal * vertical for horizontal, vertical in frame.factors)
    return blocks * _BLOCK * _BLOCK * _COEFFICIENT_BYTES
