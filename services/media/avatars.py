"""A user's avatar: made of the file that was sent, owned by who sent it, stored under the hash of both."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from services.media.images import prepare_avatar
from services.media.keys import MediaKey
from services.media.store import MediaStore
from services.media.workshop import Workshop

if TYPE_CHECKING:
    from services.accounts.sessions import Viewer

_FOLDER: Final = "avatars"

Record = Callable[["Viewer", str], Awaitable[None]]
"""Writes down whose picture a key is; may be called again for the same one."""


class AvatarKeeper:
    """Keeps avatars; `record` comes before the store, so that nothing is ever stored that no user owns."""

    def __init__(self, workshop: Workshop, store: MediaStore, record: Record) -> None:
        self._workshop = workshop
        self._store = store
        self._record = record

    async def keep(self, viewer: "Viewer", data: bytes) -> MediaKey:
        """The key of the avatar made of a file; the same file of the same user has the same key.

        Raises a kind of ImageRefused, or Unavailable; with the first nothing was recorded or stored, after the second
        the picture may be recorded and missing: sending it again completes it.
        """
        picture = await self._workshop.run(prepare_avatar, data)
        # With the owner in the hash no two users share a file: who gives up an avatar takes nobody else's away.
        owned = viewer.user.id.encode() + b":" + picture.content
        key = MediaKey.for_content(_FOLDER, owned, picture.extension)
        await self._record(viewer, str(key))
        await self._store.put(key, picture.content)
        return key
