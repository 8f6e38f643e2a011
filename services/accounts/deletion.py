"""Deleting an account: everything that says who somebody was goes, an empty row stays.

Asks for a fresh code of wx.login, since a token alone may be a stolen one. Sharing keeps counting: what a deleted user
opened or brought stays a number. What an operator made or refunded stays the merchant's.
"""

import logging
from datetime import datetime

from tortoise.expressions import F

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.problems import InputIssue, InvalidInput, ProblemCode, Unavailable, WeChatProblem
from domain.text import clean_text
from models.accounts import Identity, Phone, Session, User
from models.media import Media
from models.sharing import Attribution, Share
from models.unit_of_work import UnitsOfWork
from services.accounts.avatars import Avatars
from services.accounts.holding import hold_owner
from services.accounts.session_keys import SessionKeys
from services.accounts.sessions import Viewer
from services.keyed_hashes import KeyedHashes
from services.mini_programs import MiniPrograms
from services.orders.departure import DepartingBuyer
from services.orders.stripping import Stripped
from services.wechat_problems import answered_as_problem
from wechat.client import WeChat

_LONGEST_CODE = 256
_ROUNDS = 3
_BATCH = 500
_EMPTY = {
    "unionid": None,
    "nickname": None,
    "avatar_url": None,
    "gender": 0,
    "country": None,
    "province": None,
    "city": None,
    "language": None,
    "is_operator": False,
}

logger = logging.getLogger(__name__)


class Deletion:
    """Deletes the viewer's account for good, in all mini programs of this server."""

    def __init__(
        self,
        units: UnitsOfWork,
        wechat: WeChat,
        mini_programs: MiniPrograms,
        avatars: Avatars,
        hashes: KeyedHashes,
        departing: DepartingBuyer,
        keys: SessionKeys,
        clock: Clock,
    ) -> None:
        self._units = units
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._avatars = avatars
        self._hashes = hashes
        self._departing = departing
        self._keys = keys
        self._clock = clock

    async def delete(self, viewer: Viewer, code: str) -> None:
        """Raises InvalidInput, and WeChatProblem LOGIN_CODE_INVALID also for a code of somebody else.

        Unpaid orders are closed at WeChat first: WECHAT_UNAVAILABLE says that one could not be, and the code is good
        for another try. Whoever holds the token may cancel them without any code. Running refunds go on without the
        person.
        """
        cleaned = clean_text("code", code, longest=_LONGEST_CODE)
        if isinstance(cleaned, InputIssue):
            raise InvalidInput([cleaned])
        app = self._mini_programs.serving(viewer.identity.appid)
        await self._hashes.ready()
        owner_id = await self._close_unpaid(viewer)
        with answered_as_problem():
            answer = await self._wechat.login.code2session(app, cleaned)
        # The phone uses this key from now on, whether or not the deletion succeeds.
        await self._units.run_again_if_raced(self._keep_key, app.appid, answer.openid, answer.session_key)
        if answer.openid != viewer.identity.openid:
            raise WeChatProblem(ProblemCode.LOGIN_CODE_INVALID, "This code is not of the user of this session.")
        await self._close_and_write(viewer)
        await self._avatars.tidy(owner_id)
        await self._units.forget_deleted()

    async def _close_and_write(self, viewer: Viewer) -> None:
        """An order that is placed while others are being closed is closed as well."""
        stripped = Stripped()
        for _ in range(_ROUNDS):
            await self._departing.strip_ahead(await self._close_unpaid(viewer), stripped)
            if await self._units.run_again_if_raced(self._write, viewer, stripped):
                return
        raise Unavailable("Orders are still being placed; try again with a fresh code.")

    async def _close_unpaid(self, viewer: Viewer) -> str:
        """The id of the user, who may have been joined to another since the session was read."""
        owner = await self._units.run_again_if_raced(hold_owner, viewer.identity.id)
        await self._departing.close_unpaid(owner.id)
        return owner.id

    async def _keep_key(self, appid: str, openid: str, session_key: str) -> None:
        """For whoever the code stood for, where that is somebody known here."""
        identity = await Identity.filter(appid=appid, openid=openid).first()
        if identity is not None:
            await self._keys.add(identity, session_key)

    async def _write(self, viewer: Viewer, stripped: Stripped) -> bool:
        """False, and nothing is done, while an order can still be paid, or many were found only now."""
        user = await hold_owner(viewer.identity.id)
        if not await self._departing.leave(user.id, stripped):
            return False
        now = self._clock()
        await self._keep_attributed(user, now)
        await self._owe_code_images(user, now)
        await Session.filter(identity__user_id=user.id).delete()
        await Identity.filter(user_id=user.id).delete()
        await Phone.filter(user_id=user.id).delete()
        await Media.filter(user_id=user.id).update(released_at=now)
        emptied = {"title": "", "page": "", "image_url": None, "code_image_key": None, "content_hash": F("id")}
        await Share.filter(user_id=user.id).update(**emptied)
        await User.filter(merged_into_id=user.id).update(**_EMPTY, deleted_at=now)
        await User.filter(id=user.id).update(**_EMPTY, deleted_at=now)
        logger.info("account deleted", extra={"user": user.id})
        return True

    async def _keep_attributed(self, user: User, now: datetime) -> None:
        """Whoever was attributed is so in all of their mini programs, as a hash that outlives the account."""
        attribution = await Attribution.filter(user_id=user.id).first()
        if attribution is None:
            return
        for identity in await Identity.filter(user_id=user.id):
            person = await self._hashes.person(identity.appid, identity.openid)
            if not await Attribution.filter(person=person).exists():
                kept = await Attribution.create(
                    id=new_id(Prefix.ATTRIBUTION, now),
                    share_id=attribution.share_id,
                    user=user,
                    person=person,
                    created_at=attribution.created_at,
                )
                logger.debug("attribution kept", extra={"attribution": kept.id})

    async def _owe_code_images(self, user: User, now: datetime) -> None:
        shares = await Share.filter(user_id=user.id).exclude(code_image_key=None)
        owed = [
            Media(id=new_id(Prefix.MEDIA, now), user=user, key=share.code_image_key, created_at=now, released_at=now)
            for share in shares
        ]
        if owed:
            await Media.bulk_create(owed, batch_size=_BATCH)
