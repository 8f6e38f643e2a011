"""Everything that is held about a user, as plain values that JSON can hold."""

from datetime import UTC, datetime
from typing import Any

from models.accounts import Identity, Session, User
from models.media import Media
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from models.sharing import Attribution, Share, ShareVisit
from models.unit_of_work import UnitsOfWork
from services.accounts.holding import hold_owner
from services.accounts.phones import Phones
from services.accounts.sessions import Viewer

_PROFILE = (
    "id",
    "nickname",
    "avatar_url",
    "gender",
    "country",
    "province",
    "city",
    "language",
    "created_at",
)
_ORDER = ("number", "appid", "status", "total", "refunded", "remark", "created_at", "paid_at", "closed_at")


class Export:
    """Reads what is held; keys, hashes and tokens are no data about anybody and stay out."""

    def __init__(self, units: UnitsOfWork, phones: Phones) -> None:
        self._units = units
        self._phones = phones

    async def of(self, viewer: Viewer) -> dict[str, Any]:
        """The viewer's data by the name of what it is about; times as in the API."""
        return await self._units.run_again_if_raced(self._read, viewer)

    async def _read(self, viewer: Viewer) -> dict[str, Any]:
        user = await hold_owner(viewer.identity.id)
        user_id = user.id
        phone = await self._phones.of(user_id)
        return {
            "user": _row(user, *_PROFILE, "unionid", "is_operator"),
            "joinedUsers": [_row(joined, *_PROFILE) for joined in await User.filter(merged_into_id=user_id)],
            "phone": {"number": phone.number, "boundAt": _plain(phone.bound_at)} if phone else None,
            "identities": [
                _row(identity, "appid", "openid", "unionid", "created_at")
                for identity in await Identity.filter(user_id=user_id).order_by("id")
            ],
            "sessions": [
                _row(session, "created_at", "last_used_at")
                for session in await Session.filter(identity__user_id=user_id).order_by("id")
            ],
            "media": [
                _row(media, "key", "created_at")
                for media in await Media.filter(user_id=user_id, released_at=None).order_by("id")
            ],
            "shares": [
                _row(share, "code", "page", "title", "image_url", "created_at")
                for share in await Share.filter(user_id=user_id).order_by("id")
            ],
            "openedShares": [
                _row(visit, "share_id", "created_at")
                for visit in await ShareVisit.filter(user_id=user_id).order_by("id")
            ],
            "orders": [await _order(order) for order in await Order.filter(user_id=user_id).order_by("id")],
            "cameThrough": [
                _row(attribution, "share_id", "created_at")
                for attribution in await Attribution.filter(user_id=user_id).order_by("id")
            ],
        }


async def _order(order: Order) -> dict[str, Any]:
    """Amounts in fen."""
    items = await OrderItem.filter(order_id=order.id).order_by("place")
    payments = await Payment.filter(order_id=order.id).order_by("id")
    refunds = await Refund.filter(order_id=order.id).order_by("id")
    return {
        **_row(order, *_ORDER),
        "items": [_row(item, "title", "unit_price", "quantity") for item in items],
        "payments": [_row(payment, "transaction_id", "total", "refunded", "paid_at") for payment in payments],
        "refunds": [_row(refund, "number", "amount", "status", "created_at", "completed_at") for refund in refunds],
    }


def _row(row: Any, *names: str) -> dict[str, Any]:
    return {_camel(name): _plain(getattr(row, name)) for name in names}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
