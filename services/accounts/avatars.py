"""Avatars that users uploaded: whose they are, and the removal of those that were replaced."""

import logging

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.problems import Unavailable
from models.media import Media
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.media.keys import MediaKey, key_of_address
from services.media.store import MediaStore

logger = logging.getLogger(__name__)


class Avatars:
    """Claims on files of the media store; `public_url` is the server's address as phones reach it, without a path."""

    def __init__(self, units: UnitsOfWork, store: MediaStore, clock: Clock, public_url: str) -> None:
        self._units = units
        self._store = store
        self._clock = clock
        self._public_url = public_url

    async def claim(self, viewer: Viewer, key: str) -> None:
        """Notes that the viewer uploaded the file under `key`, before it is stored; again changes nothing."""
        await self._units.run_again_if_raced(self._claim, viewer.identity.id, key)

    def is_ours(self, address: str) -> bool:
        """Whether an address is one of this server's media, well-formed or not."""
        return address.startswith(f"{self._public_url}/media/")

    async def is_claimed(self, user_id: str, address: str) -> bool:
        """Whether the user uploaded the file that one of our addresses names."""
        key = key_of_address(self._public_url, address)
        return key is not None and await Media.filter(user_id=user_id, key=str(key)).exists()

    async def release(self, user_id: str, address: str | None) -> list[str]:
        """Gives up the claim on an avatar of ours, inside a unit; the keys whose files are then to be removed."""
        key = key_of_address(self._public_url, address) if address else None
        if key is None or not await Media.filter(user_id=user_id, key=str(key)).delete():
            return []
        return [str(key)]

    async def remove(self, keys: list[str]) -> None:
        """Removes files that are claimed no more, after the unit; what the store does not remove is told."""
        for key in filter(None, map(MediaKey.parse, keys)):
            try:
                await self._store.delete(key)
            except Unavailable:
                logger.warning("a file that nobody uses could not be removed", extra={"key": str(key)})

    async def _claim(self, identity_id: str, key: str) -> None:
        user = await hold_owner(identity_id)
        if not await Media.filter(user_id=user.id, key=key).exists():
            now = self._clock()
            media = await Media.create(id=new_id(Prefix.MEDIA, now), user=user, key=key, created_at=now)
            logger.debug("media claimed", extra={"media": media.id})
