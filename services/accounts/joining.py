"""Joining two users that turn out to be one person: the older stays, everything of the younger moves to it."""

from datetime import datetime

from domain.incidents import IncidentKind
from models.accounts import Identity, Phone, User
from models.media import Media
from models.sharing import Attribution, Share, ShareVisit
from services.incidents import record
from services.sharing.joining import make_movable

MOVED = (Identity, Phone, Media, Share, ShareVisit, Attribution)
"""Every model with a foreign key to User: its rows follow the person. Sessions follow with their identities."""

_PROFILE = ("nickname", "avatar_url", "gender", "country", "province", "city", "language")


async def join(one: User, other: User, unionid: str, now: datetime) -> User:
    """The older of two held users, now the owner of everything; to be called inside a unit that holds both.

    The younger's row stays, with `merged_into`; its profile fills only what the older left empty. Of two phones the
    older's stays, and the other is free again and noted. The limits of sessions do not apply: the tokens of both
    stay valid.
    """
    older, younger = sorted((one, other), key=lambda user: (user.created_at, user.id))
    await make_movable(younger.id, older.id)
    await _free_one_of_two_phones(younger, older, now)
    await _drop_double_claims(younger.id, older.id)
    for model in MOVED:
        await model.filter(user_id=younger.id).update(user_id=older.id)
    await User.filter(merged_into_id=younger.id).update(merged_into_id=older.id)
    await User.filter(id=younger.id).update(merged_into_id=older.id, unionid=None)
    filled = {name: getattr(younger, name) for name in _PROFILE if getattr(younger, name) and not getattr(older, name)}
    await User.filter(id=older.id).update(unionid=unionid, **filled)
    return await User.get(id=older.id)


async def _free_one_of_two_phones(younger: User, older: User, now: datetime) -> None:
    if await Phone.filter(user_id=older.id).exists() and await Phone.filter(user_id=younger.id).delete():
        await record(IncidentKind.PHONE_FREED_BY_JOIN, younger.id, now)


async def _drop_double_claims(younger_id: str, older_id: str) -> None:
    """Both may have uploaded one picture; the older's claim is enough."""
    keys = await Media.filter(user_id=older_id).values_list("key", flat=True)
    await Media.filter(user_id=younger_id, key__in=keys).delete()
