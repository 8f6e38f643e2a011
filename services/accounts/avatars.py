"""Avatars that users uploaded: whose they are, and the removal of those that were given up.

A claim that is given up stays as a row until its file is gone, so that no crash and no store that is away leaves a
picture behind that nobody knows of.
"""

import asyncio
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
from services.background import Background
from services.media.addresses import OwnPictures
from services.media.keys import MediaKey
from services.media.store import MediaStore

MOST_UNUSED = 3
"""Uploads of a user that did not become the avatar yet; beyond these the oldest go."""

_PATIENCE = 1.0  # seconds for which a request waits until what its user gave up is gone
_SWEPT_AT_ONCE = 100

logger = logging.getLogger(__name__)


class Avatars:
    """Claims on files of the media store. What a user gave up goes with the request, other debts in `background`."""

    def __init__(
        self, units: UnitsOfWork, store: MediaStore, clock: Clock, pictures: OwnPictures, background: Background
    ) -> None:
        self._units = units
        self._store = store
        self._clock = clock
        self._pictures = pictures
        self._background = background
        self._is_sweeping = False
        self._is_wanted = False

    async def claim(self, viewer: Viewer, key: str) -> None:
        """Notes that the viewer uploaded the file under `key`, before it is stored and again after it.

        Raises Unauthenticated when the account was deleted meanwhile.
        """
        await self.tidy(await self._units.run_again_if_raced(self._claim, viewer.identity.id, key))

    async def may_show(self, user_id: str, address: str) -> bool:
        """Whether the user may have this as avatar, in the form in which it is stored: of ours only an upload."""
        key = self._pictures.key_of(address)
        return key is None or await Media.filter(user_id=user_id, key=str(key), released_at=None).exists()

    def is_shown(self, key: str, address: str | None) -> bool:
        """Whether the file under `key` is what this stored address of an avatar shows."""
        return self._key(address) == key

    async def release(self, user_id: str, address: str | None, *, keeping: str | None = None) -> None:
        """Gives up the claim on an avatar of ours, inside a unit, unless `keeping` is the same picture."""
        key = self._key(address)
        if key is not None and key != self._key(keeping):
            await Media.filter(user_id=user_id, key=key).update(released_at=self._clock())

    async def tidy(self, user_id: str) -> None:
        """Removes what the user gave up, for a second at most; whatever else is owed goes in the background."""
        try:
            async with asyncio.timeout(_PATIENCE):
                owed = await self._units.read(_owed_by, user_id)
                _ = [await self._remove(media) for media in owed]
        except (TimeoutError, Unavailable):
            logger.info("pictures that a user gave up are still being removed")
        self._is_wanted = True
        if not self._is_sweeping:
            self._is_sweeping = True
            self._background.begin("removing pictures that were given up", self._sweep_while_wanted())

    async def sweep(self) -> None:
        """Removes the files of all claims that were given up, one by one; what fails stays owed, and is told.

        Raises Unavailable when the database does not answer.
        """
        after, left = "", 0
        while owed := await self._units.read(_owed, after):
            after = owed[-1].id
            left += [await self._remove(media) for media in owed].count(False)
        if left:
            logger.warning("pictures that were given up could not be removed yet", extra={"pictures": left})

    async def _sweep_while_wanted(self) -> None:
        """One sweep at a time, and one more for what was given up meanwhile."""
        try:
            while self._is_wanted:
                self._is_wanted = False
                await self.sweep()
        finally:
            self._is_sweeping = False

    async def _remove(self, media: Media) -> bool:
        key = MediaKey.parse(media.key)
        try:
            if key is not None:
                await self._store.delete(key)
        except Unavailable:
            return False
        await self._units.run(_forget, media.id)
        return True

    def _key(self, address: str | None) -> str | None:
        key = self._pictures.key_of(address)
        return None if key is None else str(key)

    async def _claim(self, identity_id: str, key: str) -> str:
        """The id of the user."""
        user = await hold_owner(identity_id)
        if not await Media.filter(user_id=user.id, key=key).exists():
            now = self._clock()
            media = await Media.create(id=new_id(Prefix.MEDIA, now), user=user, key=key, created_at=now)
            await self._release_unused(user, media.id, now)
        return user.id

    async def _release_unused(self, user: User, newest: str, now: datetime) -> None:
        claims = await Media.filter(user_id=user.id, released_at=None).order_by("-created_at", "-id")
        used = self._key(user.avatar_url)
        unused = [media.id for media in claims if media.key != used and media.id != newest]
        await Media.filter(id__in=unused[MOST_UNUSED - 1 :]).update(released_at=now)


async def _owed_by(user_id: str) -> list[Media]:
    return await Media.filter(user_id=user_id).exclude(released_at=None).order_by("id").limit(_SWEPT_AT_ONCE)


async def _owed(after: str) -> list[Media]:
    return await Media.filter(id__gt=after).exclude(released_at=None).order_by("id").limit(_SWEPT_AT_ONCE)


async def _forget(media_id: str) -> None:
    await Media.filter(id=media_id).delete()
