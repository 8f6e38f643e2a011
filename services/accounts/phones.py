"""Phone numbers: one holder for a number, proven by WeChat, and the number itself sealed."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.problems import InputIssue, InvalidInput, ProblemCode, Refusal
from domain.text import clean_text
from models.accounts import Phone, User
from models.encryption import Cipher, UnreadableError
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.keyed_hashes import KeyedHashes
from services.mini_programs import MiniPrograms
from services.phone_data import PhoneData
from services.wechat_problems import answered_as_problem
from wechat.client import WeChat
from wechat.phone import PhoneNumber

_LONGEST_CODE = 256
_SHORT = 8  # digits; of so few, seven shown would leave nothing hidden

logger = logging.getLogger(__name__)


class Conflict(StrEnum):
    """What becomes of a number that another user holds; numbers are recycled."""

    REFUSE = "refuse"
    MOVE = "move"


@dataclass(frozen=True)
class BoundNumber:
    """A number of a user, in E.164."""

    number: str = field(repr=False)
    country_code: str
    bound_at: datetime

    @property
    def masked(self) -> str:
        """The national number with its middle hidden, as in `138****8000`."""
        national = self.number.removeprefix(f"+{self.country_code}")
        head, tail = (3, 4) if len(national) > _SHORT else (1, 1)
        return f"{national[:head]}****{national[-tail:]}"


class Phones:
    """Binds and unbinds the viewer's number. `conflict` MOVE counts for proofs by code alone."""

    def __init__(
        self,
        units: UnitsOfWork,
        wechat: WeChat,
        mini_programs: MiniPrograms,
        phone_data: PhoneData,
        cipher: Cipher,
        hashes: KeyedHashes,
        clock: Clock,
        conflict: Conflict,
    ) -> None:
        self._units = units
        self._wechat = wechat
        self._mini_programs = mini_programs
        self._phone_data = phone_data
        self._cipher = cipher
        self._hashes = hashes
        self._clock = clock
        self._conflict = conflict

    async def bind_by_code(self, viewer: Viewer, code: str) -> User:
        """With the code of the phone button, which is sent once, with the openid.

        Raises InvalidInput, WeChatProblem (PHONE_CODE_INVALID and others), Refusal PHONE_TAKEN.
        """
        cleaned = clean_text("code", code, longest=_LONGEST_CODE)
        if isinstance(cleaned, InputIssue):
            raise InvalidInput([cleaned])
        app = self._mini_programs.serving(viewer.identity.appid)
        await self._hashes.ready()
        with answered_as_problem():
            number = await self._wechat.phone.getuserphonenumber(app, cleaned, viewer.identity.openid)
        return await self._bind(viewer, number, may_move=self._conflict is Conflict.MOVE)

    async def bind_by_data(self, viewer: Viewer, encrypted_data: str, iv: str) -> User:
        """With the older encrypted form; raises InvalidInput, WeChatProblem SESSION_KEY_STALE, Refusal PHONE_TAKEN."""
        number = await self._phone_data.phone_number(viewer, encrypted_data, iv, "encrypted")
        return await self._bind(viewer, number, may_move=False)

    async def unbind(self, viewer: Viewer) -> User:
        """Frees the viewer's number, if there is one."""
        return await self._units.run_again_if_raced(_unbind, viewer)

    async def of(self, user_id: str) -> BoundNumber | None:
        """The user's number; None also for one that no key of SECRET_KEYS opens, which is told in the log."""
        phone = await self._units.read(_of_user, user_id)
        if phone is None:
            return None
        try:
            return BoundNumber(self._cipher.open(phone.number), phone.country_code, phone.bound_at)
        except UnreadableError:
            logger.error("a stored value does not open: was a key dropped from APPLETQL_SECRET_KEYS?")  # noqa: TRY400  (the error says no more)
            return None

    async def _bind(self, viewer: Viewer, number: PhoneNumber, *, may_move: bool) -> User:
        blind_index = await self._hashes.phone(number.e164)
        user, lost_by = await self._units.run_again_if_raced(self._write, viewer, number, blind_index, may_move)
        if lost_by is not None:
            logger.warning("phone number moved to another user", extra={"user": user.id, "lost_by": lost_by})
        return user

    async def _write(
        self, viewer: Viewer, number: PhoneNumber, blind_index: str, may_move: bool
    ) -> tuple[User, str | None]:
        """The user, and the id of whoever lost the number."""
        await self._units.take_turns(blind_index)
        user = await hold_owner(viewer.identity.id)
        holder = await Phone.filter(blind_index=blind_index).first()
        lost_by = holder.user_id if holder is not None and holder.user_id != user.id else None
        if lost_by is not None:
            if not may_move:
                raise Refusal(ProblemCode.PHONE_TAKEN, "This number belongs to another user.")
            await Phone.filter(blind_index=blind_index).delete()
        await Phone.filter(user_id=user.id).delete()
        now = self._clock()
        phone = await Phone.create(
            id=new_id(Prefix.PHONE, now),
            user=user,
            number=self._cipher.seal(number.e164),
            country_code=number.country_code,
            blind_index=blind_index,
            bound_at=now,
        )
        return phone.user, lost_by


async def _unbind(viewer: Viewer) -> User:
    user = await hold_owner(viewer.identity.id)
    await Phone.filter(user_id=user.id).delete()
    return user


async def _of_user(user_id: str) -> Phone | None:
    return await Phone.filter(user_id=user_id).first()
