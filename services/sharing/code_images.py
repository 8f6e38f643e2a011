"""The mini-program code of a share: made by WeChat when it is first asked for, and kept for good."""

import asyncio
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from domain.clock import Clock
from domain.problems import Unauthenticated
from domain.sharing import route_of
from models.sharing import Share
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.media.addresses import OwnPictures
from services.media.keys import MediaKey
from services.media.store import MediaStore
from services.mini_programs import MiniPrograms
from services.wechat_problems import log_failure
from wechat.client import WeChat
from wechat.errors import WeChatError
from wechat.mini_program_code import Image

_FOLDER = "codes"
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png"}
_REST = timedelta(minutes=1)


class CodeImages:
    """Asks getwxacodeunlimit once for a share."""

    def __init__(
        self,
        units: UnitsOfWork,
        wechat: WeChat,
        mini_programs: MiniPrograms,
        store: MediaStore,
        clock: Clock,
        pictures: OwnPictures,
    ) -> None:
        self._units = units
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._store = store
        self._clock = clock
        self._pictures = pictures
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._failed: dict[str, datetime] = {}

    async def address(self, viewer: Viewer, share: Share) -> str | None:
        """Where the image of the viewer's own share is; None when WeChat made none. It is asked again a minute later.

        None also where phones cannot reach this server, which has no address to show then.
        Raises Unavailable when the image cannot be stored, Unauthenticated when the account was deleted meanwhile.
        """
        text = share.code_image_key or await self._make_once(viewer, share)
        key = MediaKey.parse(text) if text else None
        return self._pictures.address(key) if key else None

    async def _make_once(self, viewer: Viewer, share: Share) -> str | None:
        lock = self._locks.setdefault(share.id, asyncio.Lock())
        async with lock:
            kept = await self._units.read(_kept_key, share.id)
            if kept is not None or self._failed_lately(share.id):
                return kept
            image = await self._ask(share)
            return None if image is None else await self._keep(viewer, share, image)

    async def _ask(self, share: Share) -> Image | None:
        app = self._mini_programs.known(share.appid)
        if app is None:
            return None
        try:
            return await self._wechat.codes.getwxacodeunlimit(app, share.code, route_of(share.page))
        except WeChatError as error:
            log_failure(error)
            self._failed[share.id] = self._clock()
            return None

    async def _keep(self, viewer: Viewer, share: Share, image: Image) -> str:
        key = MediaKey.for_content(_FOLDER, image.content, _EXTENSIONS[image.content_type])
        await self._store.put(key, image.content)
        try:
            kept = await self._units.run_again_if_raced(_remember, viewer, share.id, str(key))
        except Unauthenticated:  # the account was deleted while the image was on its way
            await self._store.delete(key)
            raise
        if kept != str(key):  # another process was faster, with other bytes
            await self._store.delete(key)
        return kept

    def _failed_lately(self, share_id: str) -> bool:
        recently = self._clock() - _REST
        self._failed = {failed: at for failed, at in self._failed.items() if at > recently}
        return share_id in self._failed


async def _kept_key(share_id: str) -> str | None:
    share = await Share.get(id=share_id)
    return share.code_image_key


async def _remember(viewer: Viewer, share_id: str, key: str) -> str:
    """Holds the owner, so that no deletion of the account is undone."""
    user = await hold_owner(viewer.identity.id)
    await Share.filter(id=share_id, user_id=user.id, code_image_key=None).update(code_image_key=key)
    return (await Share.get(id=share_id)).code_image_key or key
