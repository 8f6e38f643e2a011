"""Holding a user: what is inserted for a user waits for, and follows, a join of that user to an older one."""

from tortoise.expressions import F

from models.accounts import User
from models.unit_of_work import RacedError


async def hold(user_id: str) -> None:
    """Locks the user's row until the unit around this ends; raises RacedError when it was joined to another.

    The update changes nothing. It stands first, so that the row is locked before anything is read from it.
    """
    if not await User.filter(id=user_id, merged_into_id=None).update(created_at=F("created_at")):
        raise RacedError
