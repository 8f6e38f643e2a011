"""A share as one viewer sees it: everybody the card, the sharer alone what became of it."""

from dataclasses import dataclass

from tortoise.functions import Count

from models.accounts import User
from models.sharing import Attribution, Share, ShareVisit
from models.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class Counts:
    """Users who opened the share, and people who first came through it; the sharer is neither."""

    visits: int
    new_users: int


@dataclass(frozen=True)
class ShareView:
    """`counts` is None for everybody but the sharer."""

    share: Share
    shared_by: User
    counts: Counts | None

    @property
    def is_own(self) -> bool:
        """Whether the viewer is the sharer."""
        return self.counts is not None


class ShareViews:
    """Finds shares, each by one statement, or three for the sharer; raises Unavailable."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def by_code(self, code: str, user_id: str | None) -> ShareView | None:
        """The share of a code as the user sees it; a `user_id` of None is anybody.

        What a deleted user shared is found no more.
        """
        share = await self._units.read(_by_code, code)
        return await self.of(share, user_id) if share else None

    async def by_id(self, share_id: str, user_id: str | None) -> ShareView | None:
        """As `by_code`, by the public id."""
        share = await self._units.read(_by_id, share_id)
        return await self.of(share, user_id) if share else None

    async def of(self, share: Share, user_id: str | None) -> ShareView:
        """A share whose user is loaded, as the user with `user_id` sees it."""
        counts = await self._units.read(_count, share) if share.user_id == user_id else None
        return ShareView(share, share.user, counts)


async def _by_code(code: str) -> Share | None:
    return await Share.filter(code=code, user__deleted_at=None).select_related("user").first()


async def _by_id(share_id: str) -> Share | None:
    return await Share.filter(id=share_id, user__deleted_at=None).select_related("user").first()


async def _count(share: Share) -> Counts:
    """By people: who came in two mini programs and is known to be one by now counts once, the sharer not at all."""
    visits = await ShareVisit.filter(share_id=share.id).count()
    came = Attribution.filter(share_id=share.id).exclude(user_id=share.user_id)
    (found,) = await came.annotate(people=Count("user_id", distinct=True)).values("people")
    return Counts(visits, int(found["people"]))
