"""Deleting an account: everything that says who somebody was goes, an empty row stays.

Asks for a fresh code of wx.login, since a token alone may be a stolen one. Sharing keeps counting: what a deleted user
opened or brought stays a number.
"""

import logging

from tortoise.expressions import F

from domain.clock import Clock
from domain.problems import InputIssue, InvalidInput, ProblemCode, WeChatProblem
from domain.text import clean_text
from models.accounts import Identity, Phone, Session, User
from models.media import Media
from models.sharing import Share
from models.unit_of_work import UnitsOfWork
from services.accounts.avatars import Avatars
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.mini_programs import MiniPrograms
from services.wechat_problems import answered_as_problem
from wechat.client import WeChat

_LONGEST_CODE = 256
_EMPTY = {
    "unionid": None,
    "nickname": None,
    "avatar_url": None,
    "gender": 0,
    "country": None,
    "province": None,
    "city": None,
    "language": None,
}

logger = logging.getLogger(__name__)


class Deletion:
    """Deletes the viewer's account for good, in all mini programs of this server."""

    def __init__(
        self, units: UnitsOfWork, wechat: WeChat, mini_programs: MiniPrograms, avatars: Avatars, clock: Clock
    ) -> None:
        self._units = units
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._avatars = avatars
        self._clock = clock

    async def delete(self, viewer: Viewer, code: str) -> None:
        """Raises InvalidInput, and WeChatProblem LOGIN_CODE_INVALID also for a code of somebody else."""
        cleaned = clean_text("code", code, longest=_LONGEST_CODE)
        if isinstance(cleaned, InputIssue):
            raise InvalidInput([cleaned])
        app = self._mini_programs.serving(viewer.identity.appid)
        with answered_as_problem():
            answer = await self._wechat.login.code2session(app, cleaned)
        if answer.openid != viewer.identity.openid:
            raise WeChatProblem(ProblemCode.LOGIN_CODE_INVALID, "This code is not of the user of this session.")
        keys = await self._units.run_again_if_raced(self._write, viewer)
        await self._avatars.remove(keys)
        await self._units.forget_deleted()

    async def _write(self, viewer: Viewer) -> list[str]:
        user = await hold_owner(viewer.identity.id)
        keys = [media.key for media in await Media.filter(user_id=user.id)]
        keys += [share.code_image_key for share in await Share.filter(user_id=user.id) if share.code_image_key]
        await Session.filter(identity__user_id=user.id).delete()
        await Identity.filter(user_id=user.id).delete()
        await Phone.filter(user_id=user.id).delete()
        await Media.filter(user_id=user.id).delete()
        emptied = {"title": "", "page": "", "image_url": None, "code_image_key": None, "content_hash": F("id")}
        await Share.filter(user_id=user.id).update(**emptied)
        now = self._clock()
        await User.filter(merged_into_id=user.id).update(**_EMPTY, deleted_at=now)
        await User.filter(id=user.id).update(**_EMPTY, deleted_at=now)
        logger.info("account deleted", extra={"user": user.id})
        return keys
