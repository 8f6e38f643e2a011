"""What is held about a user, as plain values that JSON can hold."""

from collections import defaultdict
from collections.abc import Sequence
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
from services.media.addresses import OwnPictures

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
_ORDER = (
    "id",
    "number",
    "appid",
    "status",
    "trade_state",
    "total",
    "refunded",
    "remark",
    "created_at",
    "expires_at",
    "paid_at",
    "closed_at",
    "held_at",
)
_ITEM = ("product_id", "title", "unit_price", "quantity")
_PAYMENT = ("transaction_id", "kind", "total", "refunded", "paid_at")
_REFUND = ("id", "number", "amount", "reason", "status", "created_at", "completed_at")
_BATCH = 500


class Export:
    """Reads what is held; keys, hashes and tokens are no data about anybody and stay out.

    So do the merchant's records of its work: what was said between server and WeChat Pay about an order, incidents,
    what an operator made or refunded.
    """

    def __init__(self, units: UnitsOfWork, phones: Phones, pictures: OwnPictures) -> None:
        self._units = units
        self._phones = phones
        self._pictures = pictures

    async def of(self, viewer: Viewer) -> dict[str, Any]:
        """The viewer's data by the name of what it is about; times as in the API."""
        return await self._units.run_again_if_raced(self._read, viewer)

    async def _read(self, viewer: Viewer) -> dict[str, Any]:
        user = await hold_owner(viewer.identity.id)
        user_id = user.id
        phone = await self._phones.of(user_id)
        return {
            "user": self._with_avatar(_row(user, *_PROFILE, "unionid", "is_operator")),
            "joinedUsers": [
                self._with_avatar(_row(joined, *_PROFILE)) for joined in await User.filter(merged_into_id=user_id)
            ],
            "phone": _row(phone, "number", "country_code", "bound_at") if phone else None,
            "identities": [
                _row(identity, "appid", "openid", "unionid", "created_at")
                for identity in await Identity.filter(user_id=user_id).order_by("id")
            ],
            "sessions": [
                {"appid": session.identity.appid} | _row(session, "created_at", "last_used_at")
                for session in await Session.filter(identity__user_id=user_id).order_by("id").select_related("identity")
            ],
            "media": [
                _row(media, "key", "created_at")
                for media in await Media.filter(user_id=user_id, released_at=None).order_by("id")
            ],
            "shares": [
                _row(share, "id", "appid", "code", "page", "title", "image_url", "created_at")
                | {"imageUrl": self._pictures.shown(share.image_url)}
                for share in await Share.filter(user_id=user_id).order_by("id")
            ],
            "openedShares": [
                _row(visit, "share_id", "created_at")
                for visit in await ShareVisit.filter(user_id=user_id).order_by("id")
            ],
            "orders": await _orders(user_id),
            "cameThrough": [
                _row(attribution, "share_id", "created_at")
                for attribution in await Attribution.filter(user_id=user_id).order_by("id")
            ],
        }

    def _with_avatar(self, profile: dict[str, Any]) -> dict[str, Any]:
        return profile | {"avatarUrl": self._pictures.shown(profile["avatarUrl"])}


async def _orders(user_id: str) -> list[dict[str, Any]]:
    """Amounts in fen. A few statements for many orders, while the user's row is held."""
    orders = await Order.filter(user_id=user_id).order_by("id").only(*_ORDER)
    exported: list[dict[str, Any]] = []
    for first in range(0, len(orders), _BATCH):
        exported += await _with_parts(orders[first : first + _BATCH])
    return exported


async def _with_parts(orders: Sequence[Order]) -> list[dict[str, Any]]:
    ids = [order.id for order in orders]
    items = _by_order(await OrderItem.filter(order_id__in=ids).order_by("place"))
    payments = _by_order(await Payment.filter(order_id__in=ids).order_by("id"))
    refunds = _by_order(await Refund.filter(order_id__in=ids).order_by("id"))
    return [
        {
            **_row(order, *_ORDER),
            "items": [_row(item, *_ITEM) for item in items[order.id]],
            "payments": [_row(payment, *_PAYMENT) for payment in payments[order.id]],
            "refunds": [_row(refund, *_REFUND) for refund in refunds[order.id]],
        }
        for order in orders
    ]


def _by_order(rows: Sequence[OrderItem | Payment | Refund]) -> defaultdict[str, list[OrderItem | Payment | Refund]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.order_id].append(row)
    return grouped


def _row(row: Any, *names: str) -> dict[str, Any]:
    return {_camel(name): _plain(getattr(row, name)) for name in names}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
