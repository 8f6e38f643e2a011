"""The role of an operator: given and taken at the command line alone, and seen by every request at once."""

import logging
from dataclasses import dataclass

from domain.ids import Prefix, is_id
from domain.problems import BadRequest
from models.accounts import User
from models.unit_of_work import RacedError, UnitsOfWork

_MOST_JOINS = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoleChange:
    """Whose role it is, which may be the user that the one asked for was joined to, and whether anything changed."""

    user_id: str
    has_changed: bool


class Operators:
    """Gives, takes and lists the role; raises Unavailable when the database does not answer."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def add(self, user_id: str) -> RoleChange:
        """Raises BadRequest for a user that is not there or was deleted; once more changes nothing."""
        return await self._units.run_again_if_raced(_set, user_id, True)

    async def remove(self, user_id: str) -> RoleChange:
        """As `add`."""
        return await self._units.run_again_if_raced(_set, user_id, False)

    async def all(self) -> list[User]:
        """Every operator, the oldest user first."""
        return await self._units.read(_all)


async def _all() -> list[User]:
    return await User.filter(is_operator=True, merged_into_id=None, deleted_at=None).order_by("id")


async def _set(user_id: str, is_operator: bool) -> RoleChange:
    user = await _followed(user_id)
    same_person = User.filter(id=user.id, merged_into_id=None, deleted_at=None)
    has_changed = bool(await same_person.exclude(is_operator=is_operator).update(is_operator=is_operator))
    if not has_changed and not await same_person.filter(is_operator=is_operator).exists():
        raise RacedError
    if has_changed:
        # A warning, so that it is seen at every level of logging that is usual.
        logger.warning("operator added" if is_operator else "operator removed", extra={"user": user.id})
    return RoleChange(user.id, has_changed)


async def _followed(user_id: str) -> User:
    """The user that somebody is by now."""
    for _ in range(_MOST_JOINS):
        user = await User.filter(id=user_id).first() if is_id(Prefix.USER, user_id) else None
        if user is None:
            raise BadRequest("there is no user with this id; `me { id }` shows a signed-in user's own")
        if user.deleted_at is not None:
            raise BadRequest("this user's account was deleted")
        if user.merged_into_id is None:
            return user
        user_id = user.merged_into_id
    raise BadRequest("this user was joined to others in a circle")
