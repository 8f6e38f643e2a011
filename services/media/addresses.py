"""Addresses of pictures: what is stored of one, and what of it is shown.

A picture of this server is stored as `/media/KEY` and shown under the public address of the day, so that a server can
move. The key alone says which picture it is: an address that ends in `/media/` and a key is a picture of ours whatever
host stands before it, since that may be where this server was.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from domain.profile import LONGEST_URL, is_https_address
from services.media.keys import MediaKey

_FRONT: Final = "/media/"
# Segments before it are those of a public address with a path; steps back are none.
_ADDRESS: Final = re.compile(r"(?i:https?)://[^/?#@\\]+(?:/(?!\.{1,2}/)[^/?#\\]+)*?/media/([a-z]+/[0-9a-f]+\.[a-z]+)")
_PLAIN_HOST: Final = re.compile(r"[0-9a-z._-]+|[0-9a-f:.]+")  # no second spelling: nothing encoded, no backslash


class OwnPictures:
    """Knows this server's pictures. `public_url` has no slash at its end; None: phones cannot reach this server."""

    def __init__(self, public_url: str | None) -> None:
        self._public_url = public_url
        self._host = None if public_url is None else _plain_host(public_url)

    @property
    def is_reachable(self) -> bool:
        """Whether there are addresses to show."""
        return self._public_url is not None

    def address(self, key: MediaKey) -> str | None:
        """Where a picture is shown; None where phones cannot reach this server."""
        return None if self._public_url is None else f"{self._public_url}{_FRONT}{key}"

    def shown(self, stored: str | None) -> str | None:
        """The address to show for what is stored; what is elsewhere is shown as it is."""
        key = self.key_of(stored)
        return stored if key is None else self.address(key)

    def kept(self, given: str) -> str | None:
        """What to store of an address that somebody gave: `/media/KEY` for one of ours, else itself.

        None where it can be neither: not https, or this server's own host with anything else behind it.
        """
        key = _key_in(given)
        if key is not None:
            return f"{_FRONT}{key}"
        return given if is_https_address(given) and self._is_elsewhere(given) else None

    def key_of(self, stored: str | None) -> MediaKey | None:
        """The key in what is stored; None for a picture elsewhere, and for none."""
        if stored is None:
            return None
        return MediaKey.parse(stored.removeprefix(_FRONT)) if stored.startswith(_FRONT) else _key_in(stored)

    def _is_elsewhere(self, address: str) -> bool:
        host = _plain_host(address)
        return _PLAIN_HOST.fullmatch(host) is not None and host != self._host


def _key_in(address: str) -> MediaKey | None:
    found = _ADDRESS.fullmatch(address) if len(address) <= LONGEST_URL else None
    return MediaKey.parse(found[1]) if found else None


def _plain_host(address: str) -> str:
    """In one spelling: without port and final dot, in small letters and ASCII."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host
