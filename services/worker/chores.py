"""Chores: what is over is deleted, what nobody uses is removed, what was forgotten is due again. In small batches."""

from datetime import datetime, timedelta

from tortoise.expressions import F, Q

from domain.clock import Clock
from domain.orders import OrderStatus
from domain.refunds import RefundStatus
from domain.sessions import ABSOLUTE, IDLE
from domain.stories import KEPT
from models.accounts import Session, User
from models.media import Media
from models.orders import Order
from models.payments import Refund
from models.stories import OrderEvent
from models.unit_of_work import UnitsOfWork
from services.accounts.avatars import Avatars
from services.orders.stripping import Stripping

_BATCH = 500
_UNUSED_FOR = timedelta(days=1)


class Chores:
    """Each gives one line about what it did; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork, avatars: Avatars, stripping: Stripping, clock: Clock) -> None:
        self._units = units
        self._avatars = avatars
        self._stripping = stripping
        self._clock = clock

    async def end_sessions(self) -> str:
        """Deletes sessions that are over."""
        ended = 0
        while some := await self._units.run(_end_sessions, self._clock()):
            ended += some
        return f"{ended} sessions deleted"

    async def remove_media(self) -> str:
        """Gives up uploads that became nobody's avatar within a day, and removes what was given up."""
        after, given_up = "", 0
        while found := await self._units.read(_old_media, after, self._clock() - _UNUSED_FOR):
            after = found[-1].id
            for media in found:
                if not self._avatars.is_shown(media.key, media.user.avatar_url):
                    given_up += await self._units.run_again_if_raced(self._give_up, media)
        await self._avatars.sweep()
        return f"{given_up} unused pictures given up"

    async def find_strays(self) -> str:
        """Open orders and refunds that are due at no time."""
        strays = await self._units.run(_find_strays, self._clock())
        return f"{strays} strays found"

    async def trim_stories(self) -> str:
        """Deletes lines of stories that are too old."""
        deleted = 0
        while some := await self._units.run(_trim_stories, self._clock() - KEPT):
            deleted += some
        return f"{deleted} lines of stories deleted"

    async def strip_late(self) -> str:
        """Strips what was written about somebody while the account was being deleted."""
        return f"{await self._stripping.late(self._clock())} rows stripped"

    async def _give_up(self, media: Media) -> int:
        """Looked at once more with the owner's row held: it may have become the avatar since it was found."""
        _ = await User.filter(id=media.user_id).update(created_at=F("created_at"))
        owner = await User.get(id=media.user_id)
        if self._avatars.is_shown(media.key, owner.avatar_url):
            return 0
        unused = Media.filter(id=media.id, user_id=owner.id, released_at=None)
        return await unused.update(released_at=self._clock())


async def _end_sessions(now: datetime) -> int:
    over = Q(created_at__lt=now - ABSOLUTE) | Q(last_used_at__lt=now - IDLE)
    ids = await Session.filter(over).limit(_BATCH).values_list("id", flat=True)
    # Asked again: a session may have been used since it was found.
    return await Session.filter(over, id__in=list(ids)).delete() if ids else 0


async def _trim_stories(before: datetime) -> int:
    """By their ids, which are in the order of time: no index says when a line was written."""
    oldest = await OrderEvent.all().order_by("id").limit(_BATCH)
    ids = [event.id for event in oldest if event.at < before]
    return await OrderEvent.filter(id__in=ids).delete() if ids else 0


async def _old_media(after: str, before: datetime) -> list[Media]:
    behind = Media.filter(id__gt=after, released_at=None, created_at__lt=before)
    return await behind.order_by("id").limit(_BATCH).select_related("user")


async def _find_strays(now: datetime) -> int:
    orders = await Order.filter(status=OrderStatus.PENDING, held_at=None, due_at=None).update(due_at=now)
    open_ = [RefundStatus.PROCESSING, RefundStatus.ABNORMAL]
    return orders + await Refund.filter(status__in=open_, due_at=None).update(due_at=now)
