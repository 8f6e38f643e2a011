"""What is left of a picture's file when everything but its pixels is dropped."""

from dataclasses import dataclass
from typing import Final

WIDEST_SHRUNK: Final = 1024
"""A JPEG is decoded at an eighth, a quarter or half of its size as long as neither side falls below this."""

MOST_PARTS: Final = 10_000
"""Segments, chunks or blocks of one file that are looked at; an ordinary one has fewer than 300."""

UPRIGHT: Final = 1


@dataclass(frozen=True, slots=True)
class Stripped:
    """A file with one frame and no metadata.

    `size` is its width and height in pixels; `memory` the bytes that Pillow needs at most to decode it;
    `orientation` is EXIF's, 1 to 8.
    """

    content: bytes
    size: tuple[int, int]
    memory: int
    orientation: int = UPRIGHT
