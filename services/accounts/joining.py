"""Joining two users that turn out to be one person: the older stays, everything of the younger moves to it."""

from datetime import datetime

from tortoise.models import Model

from domain.incidents import IncidentKind
from models.accounts import Identity, Phone, User
from models.catalogue import Product
from models.media import Media
from models.orders import Order
from models.payments import Refund
from models.sharing import Attribution, Share, ShareVisit
from services.catalogue.joining import tell_keys_apart
from services.incidents import record
from services.orders.joining import combine_orders
from services.sharing.joining import make_movable

MOVED: dict[type[Model], str] = {
    Identity: "user_id",
    Phone: "user_id",
    Media: "user_id",
    Share: "user_id",
    ShareVisit: "user_id",
    Attribution: "user_id",
    Product: "operator_id",
    Refund: "operator_id",
    Order: "user_id",
}
"""Every model with a foreign key to User, and which: its rows follow the person. Sessions follow with identities."""

_PROFILE = ("nickname", "avatar_url", "gender", "country", "province", "city", "language")


async def join(one: User, other: User, unionid: str, now: datetime) -> User:
    """The older of two held users, now the owner of everything; to be called inside a unit that holds both.

    The younger's row stays, with `merged_into`; its profile fills only what the older left empty. Of two phones the
    older's stays, and the other is free again and noted. Whoever was an operator as one of the two is one. The limits
    of sessions and unpaid orders do not apply: the tokens of both stay valid.
    """
    older, younger = sorted((one, other), key=lambda user: (user.created_at, user.id))
    await make_movable(younger.id, older.id)
    await _free_one_of_two_phones(younger, older, now)
    await _drop_double_claims(younger.id, older.id)
    await tell_keys_apart(younger.id, older.id)
    await combine_orders(younger.id, older.id)
    for model, owner in MOVED.items():
        await model.filter(**{owner: younger.id}).update(**{owner: older.id})
    await User.filter(merged_into_id=younger.id).update(merged_into_id=older.id)
    await User.filter(id=younger.id).update(merged_into_id=older.id, unionid=None, is_operator=False)
    filled = {name: getattr(younger, name) for name in _PROFILE if getattr(younger, name) and not getattr(older, name)}
    is_operator = one.is_operator or other.is_operator
    await User.filter(id=older.id).update(unionid=unionid, is_operator=is_operator, **filled)
    return await User.get(id=older.id)


async def _free_one_of_two_phones(younger: User, older: User, now: datetime) -> None:
    if await Phone.filter(user_id=older.id).exists() and await Phone.filter(user_id=younger.id).delete():
        await record(IncidentKind.PHONE_FREED_BY_JOIN, younger.id, now)


async def _drop_double_claims(younger_id: str, older_id: str) -> None:
    """Both may have uploaded one picture; the older's claim is enough."""
    keys = await Media.filter(user_id=older_id).values_list("key", flat=True)
    await Media.filter(user_id=younger_id, key__in=keys).delete()
