"""Holding a user: what is inserted for a user waits for, and follows, a join of that user to an older one."""

from tortoise.expressions import F

from domain.problems import Unauthenticated
from models.accounts import Identity, User
from models.unit_of_work import RacedError

_GONE = "The account of this session is no more."


async def hold(user_id: str) -> None:
    """Locks the user's row until the unit around this ends; raises RacedError when it was joined to another.

    The update changes nothing. It stands first, so that the row is locked before anything is read from it.
    """
    if not await User.filter(id=user_id, merged_into_id=None, deleted_at=None).update(created_at=F("created_at")):
        raise RacedError


async def hold_owner(identity_id: str) -> User:
    """Holds whoever owns the identity by now, following a join since the request began, and gives the row.

    For units that are run again if raced. Raises Unauthenticated when the account was deleted meanwhile.
    """
    identity = await Identity.filter(id=identity_id).first()
    if identity is None:
        raise Unauthenticated(_GONE)
    await hold(identity.user_id)
    return await User.get(id=identity.user_id)
