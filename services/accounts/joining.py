"""Joining two users that turn out to be one person: the older stays, everything of the younger moves to it."""

from models.accounts import Identity, User

MOVED = (Identity,)
"""Every model with a foreign key to User: its rows follow the person. Sessions follow with their identities."""

_PROFILE = ("nickname", "avatar_url", "gender", "country", "province", "city", "language")


async def join(one: User, other: User, unionid: str) -> User:
    """The older of two held users, now the owner of everything; to be called inside a unit that holds both.

    The younger's row stays, with `merged_into`; its profile fills only what the older left empty. The limits of
    sessions do not apply: the tokens of both stay valid.
    """
    older, younger = sorted((one, other), key=lambda user: (user.created_at, user.id))
    for model in MOVED:
        await model.filter(user_id=younger.id).update(user_id=older.id)
    await User.filter(merged_into_id=younger.id).update(merged_into_id=older.id)
    await User.filter(id=younger.id).update(merged_into_id=older.id, unionid=None)
    filled = {name: getattr(younger, name) for name in _PROFILE if getattr(younger, name) and not getattr(older, name)}
    await User.filter(id=older.id).update(unionid=unionid, **filled)
    return await User.get(id=older.id)
