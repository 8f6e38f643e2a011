"""Which numbers stood in a bill: a million of them in about twenty megabytes."""

from collections.abc import Iterator
from hashlib import blake2b

_BITS = 12
_SIZE = 16


class SeenNumbers:
    """A set of texts that keeps 16 bytes of each, packed into buckets; a Python set would need ten times as much."""

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(1 << _BITS)]

    def add(self, text: str) -> bool:
        """Keep it; False where it is there already."""
        digest, bucket = self._place(text)
        if _is_in(digest, bucket):
            return False
        bucket += digest
        return True

    def __contains__(self, text: str) -> bool:
        return _is_in(*self._place(text))

    def _place(self, text: str) -> tuple[bytes, bytearray]:
        digest = blake2b(text.encode(), digest_size=_SIZE).digest()
        return digest, self._buckets[int.from_bytes(digest[:2], "big") >> (16 - _BITS)]


def _is_in(digest: bytes, bucket: bytearray) -> bool:
    return any(place % _SIZE == 0 for place in _places(digest, bucket))


def _places(digest: bytes, bucket: bytearray) -> Iterator[int]:
    """Everywhere that the bytes stand, also across the border of two entries."""
    place = bucket.find(digest)
    while place >= 0:
        yield place
        place = bucket.find(digest, place + 1)
