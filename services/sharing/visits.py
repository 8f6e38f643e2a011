"""Opening a share: a visit counts once for a user and a share, and never the sharer's own."""

import logging
from dataclasses import dataclass

from domain.clock import Clock
from domain.ids import Prefix, new_id
from domain.problems import InputIssue, InvalidInput, ProblemCode, Refusal
from models.sharing import Share, ShareVisit
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.sessions import Viewer
from services.phone_data import PhoneData
from services.sharing.shares import Shares
from services.sharing.views import ShareView
from wechat.user_data_errors import MissingField, WrongField
from wechat.user_data_fields import read_group

_NOT_FOUND = "There is no share with this code."
_NO_GROUP = "names no group: send what wx.getShareInfo gave"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenedShare:
    """`group_id` is what the phone's data said, and no proof of anything."""

    view: ShareView
    group_id: str | None


class Visits:
    """Counts who opened a share."""

    def __init__(self, units: UnitsOfWork, shares: Shares, phone_data: PhoneData, clock: Clock) -> None:
        self._units = units
        self._shares = shares
        self._phone_data = phone_data
        self._clock = clock

    async def open(self, viewer: Viewer, code: str, group: tuple[str, str] | None) -> OpenedShare:
        """The share, once the viewer's visit is counted; `group` is encryptedData and iv of wx.getShareInfo.

        Raises Refusal SHARE_NOT_FOUND, InvalidInput for a group that does not open or is none, WeChatProblem
        SESSION_KEY_STALE; nothing is counted then.
        """
        view = await self._shares.by_code(code, viewer)
        if view is None:
            raise Refusal(ProblemCode.SHARE_NOT_FOUND, _NOT_FOUND)
        group_id = await self._group_id(viewer, *group) if group else None
        if not view.is_own:
            await self._units.run_again_if_raced(self._visit, viewer, view.share.id)
        return OpenedShare(view, group_id)

    async def _group_id(self, viewer: Viewer, encrypted_data: str, iv: str) -> str:
        data = await self._phone_data.open(viewer, encrypted_data, iv, "group")
        try:
            return read_group(data)
        except (MissingField, WrongField):
            raise InvalidInput([InputIssue("group.encryptedData", _NO_GROUP)]) from None

    async def _visit(self, viewer: Viewer, share_id: str) -> None:
        user = await hold_owner(viewer.identity.id)
        # Read once the user is held: a join of the visitor and the sharer holds both, so that it is seen here.
        share = await Share.get(id=share_id)
        if share.user_id == user.id or await ShareVisit.filter(share_id=share_id, user_id=user.id).exists():
            return
        now = self._clock()
        visit = await ShareVisit.create(id=new_id(Prefix.VISIT, now), share=share, user=user, created_at=now)
        logger.debug("visit counted", extra={"visit": visit.id})
