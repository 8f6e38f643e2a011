"""A user's avatar: made of the file that was sent, owned by who sent it, stored under an address of its own."""

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from domain.problems import Unauthenticated
from services.media.images import prepare_avatar
from services.media.keys import MediaKey
from services.media.store import MediaStore
from services.media.workshop import Workshop

if TYPE_CHECKING:
    from services.accounts.sessions import Viewer

_FOLDER: Final = "avatars"
_NONCE_BYTES: Final = 16

Record = Callable[["Viewer", str], Awaitable[None]]
"""Writes down whose picture a key is; may be called again for the same one."""


class AvatarKeeper:
    """Keeps avatars; `record` comes before the store, so that nothing is ever stored that no user owns."""

    def __init__(self, workshop: Workshop, store: MediaStore, record: Record) -> None:
        self._workshop = workshop
        self._store = store
        self._record = record

    async def keep(self, viewer: "Viewer", data: bytes) -> MediaKey:
        """The key of the avatar made of a file; each upload has its own.

        Raises a kind of ImageRefused, or Unavailable; with the first nothing was recorded or stored, after the second
        the picture may be recorded and missing: sending it again completes it.
        """
        picture = await self._workshop.run(prepare_avatar, data)
        # Of its own for each upload: who gives up a picture takes away neither another user's nor a later one.
        key = MediaKey.for_content(_FOLDER, secrets.token_bytes(_NONCE_BYTES) + picture.content, picture.extension)
        await self._record(viewer, str(key))
        await self._store.put(key, picture.content)
        try:
            await self._record(viewer, str(key))
        except Unauthenticated:  # the account was deleted while the file was on its way
            await self._store.delete(key)
            raise
        return key
