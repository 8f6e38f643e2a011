"""WeChat's own login state: whether the session_key kept here is the one that the phone uses now."""

import asyncio
import logging

from models.accounts import Identity
from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from services.accounts.session_keys import SessionKeys
from services.mini_programs import MiniPrograms
from services.wechat_problems import log_failure
from wechat.apps import App
from wechat.client import WeChat
from wechat.errors import WeChatError

_SECONDS = 5.0
"""For all of it: two keys may be asked about, and an access_token be fetched before."""

logger = logging.getLogger(__name__)


class WeChatSessions:
    """Asks checksession."""

    def __init__(self, units: UnitsOfWork, wechat: WeChat, mini_programs: MiniPrograms, cipher: Cipher) -> None:
        self._units = units
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._keys = SessionKeys(cipher)

    async def is_current(self, identity: Identity) -> bool | None:
        """Whether one of the two kept keys is current at WeChat, which is then preferred; None: it cannot be told."""
        app = self._mini_programs.known(identity.appid)
        if app is None:
            return None
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._any_is_current(app, identity)
        except WeChatError as error:
            log_failure(error)
        except TimeoutError:
            logger.warning("checksession took too long")
        return None

    async def _any_is_current(self, app: App, identity: Identity) -> bool:
        for session_key, stored in self._keys.candidates(identity):
            if await self._wechat.login.checksession(app, identity.openid, session_key):
                await self._units.run(self._keys.prefer, identity, stored)
                return True
        return False
