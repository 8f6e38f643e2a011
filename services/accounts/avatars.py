"""Avatars that users uploaded: whose they are, and the removal of those that were given up.

A claim that is given up stays as a row until its file is gone, so that no crash and no store that is away leaves a
picture behind that nobody knows of.
"""

import logging
from datetime import datetime

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.problems import Unavailable
from models.accounts import User
from models.media import Media
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.media.keys import MediaKey, key_of_address
from services.media.store import MediaStore

MOST_UNUSED = 3
"""Uploads of a user that did not become the avatar yet; beyond these the oldest go."""

_SWEPT_AT_ONCE = 100

logger = logging.getLogger(__name__)


class Avatars:
    """Claims on files of the media store; `public_url` is the server's address as phones reach it, without a path."""

    def __init__(self, units: UnitsOfWork, store: MediaStore, clock: Clock, public_url: str) -> None:
        self._units = units
        self._store = store
        self._clock = clock
        self._public_url = public_url

    async def claim(self, viewer: Viewer, key: str) -> None:
        """Notes that the viewer uploaded the file under `key`, before it is stored and again after it.

        Raises Unauthenticated when the account was deleted meanwhile.
        """
        await self._units.run_again_if_raced(self._claim, viewer.identity.id, key)
        await self.sweep()

    def is_ours(self, address: str) -> bool:
        """Whether an address is one of this server's media, well-formed or not."""
        return address.startswith(f"{self._public_url}/media/")

    async def is_claimed(self, user_id: str, address: str) -> bool:
        """Whether the user uploaded the file that one of our addresses names."""
        key = self._key(address)
        return key is not None and await Media.filter(user_id=user_id, key=key, released_at=None).exists()

    def is_shown(self, key: str, address: str | None) -> bool:
        """Whether the file under `key` is what this address of an avatar shows."""
        return bool(address) and self._key(address or "") == key

    async def release(self, user_id: str, address: str | None) -> None:
        """Gives up the claim on an avatar of ours, inside a unit; `sweep` then removes the file."""
        key = self._key(address) if address else None
        if key is not None:
            await Media.filter(user_id=user_id, key=key).update(released_at=self._clock())

    async def sweep(self) -> None:
        """Removes the files of claims that were given up; what fails stays owed, and is told."""
        try:
            for media in await self._units.read(_owed):
                key = MediaKey.parse(media.key)
                if key is not None:
                    await self._store.delete(key)
                await self._units.run(_forget, media.id)
        except Unavailable:
            logger.warning("pictures that were given up could not be removed yet")

    def _key(self, address: str) -> str | None:
        key = key_of_address(self._public_url, address)
        return None if key is None else str(key)

    async def _claim(self, identity_id: str, key: str) -> None:
        user = await hold_owner(identity_id)
        if await Media.filter(user_id=user.id, key=key).exists():
            return
        now = self._clock()
        media = await Media.create(id=new_id(Prefix.MEDIA, now), user=user, key=key, created_at=now)
        await self._release_unused(user, media.id, now)

    async def _release_unused(self, user: User, newest: str, now: datetime) -> None:
        claims = await Media.filter(user_id=user.id, released_at=None).order_by("-created_at", "-id")
        used = self._key(user.avatar_url) if user.avatar_url else None
        unused = [media.id for media in claims if media.key != used and media.id != newest]
        await Media.filter(id__in=unused[MOST_UNUSED - 1 :]).update(released_at=now)


async def _owed() -> list[Media]:
    return await Media.exclude(released_at=None).order_by("id").limit(_SWEPT_AT_ONCE)


async def _forget(media_id: str) -> None:
    await Media.filter(id=media_id).delete()
