"""The names of stored pictures: what they are, a hash, their extension; a name never gets another content."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

_KEY: Final = re.compile(r"(avatars|codes|products)/([0-9a-f]{64})\.(jpg|png)")
_CONTENT_TYPES: Final = {"jpg": "image/jpeg", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class MediaKey:
    """As in `avatars/<SHA-256 in hex>.jpg`; nothing else can be made, so that no key leads out of its folder.

    Raises ValueError for other parts.
    """

    folder: str
    digest: str
    extension: str

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(str(self)):
            raise ValueError("not the key of a stored picture")

    def __str__(self) -> str:
        """As it is stored and as it stands in addresses."""
        return f"{self.folder}/{self.digest}.{self.extension}"

    @property
    def content_type(self) -> str:
        """By the extension, whatever a store says."""
        return _CONTENT_TYPES[self.extension]

    @classmethod
    def for_content(cls, folder: str, content: bytes, extension: str) -> Self:
        """The key of these bytes; an avatar's have random ones before the picture, so that each upload is a file."""
        return cls(folder, hashlib.sha256(content).hexdigest(), extension)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The key that a text is; None for any other text."""
        found = _KEY.fullmatch(text)
        return cls(*found.groups()) if found else None
