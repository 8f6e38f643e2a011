"""The viewer as a GraphQL type, with the phone number that nobody else sees."""

from datetime import datetime

import strawberry
from strawberry import UNSET, Info

from domain import accounts as words
from domain.orders import OrderStatus
from domain.pages import DEFAULT_FIRST
from models.accounts import User as UserRow
from resolvers import accounts, orders
from resolvers.context import Context
from schema.common.enums import register_enum
from schema.common.inputs import or_none
from schema.common.node import Node
from schema.orders.order import OrderConnection
from services.accounts.phones import BoundNumber

register_enum(
    words.Gender,
    {
        words.Gender.UNKNOWN: "Not told.",
        words.Gender.MALE: "1 in WeChat's own data.",
        words.Gender.FEMALE: "2 in WeChat's own data.",
    },
)


@strawberry.type
class Phone:
    """A bound number, as its owner sees it."""

    number: str = strawberry.field(description="E.164, as in `+8613800138000`.")
    masked: str = strawberry.field(description="As in `138****8000`.")
    country_code: str
    bound_at: datetime

    @classmethod
    def from_bound(cls, bound: BoundNumber) -> "Phone":
        """The number as it is bound."""
        return cls(number=bound.number, masked=bound.masked, country_code=bound.country_code, bound_at=bound.bound_at)


def _avatar_url(root: "User", info: Info[Context, None]) -> str | None:
    return info.context.shown(root.row.avatar_url)


async def _phone(root: "User", info: Info[Context, None]) -> Phone | None:
    bound = await accounts.phone(info.context, root.id)
    return Phone.from_bound(bound) if bound else None


async def _orders(
    root: "User",
    info: Info[Context, None],
    first: int | None = DEFAULT_FIRST,
    after: str | None = UNSET,
    status: list[OrderStatus] | None = UNSET,
) -> OrderConnection | None:
    page = await orders.own_orders(info.context, root.row, root.appid, first, or_none(after), or_none(status))
    return OrderConnection.from_page(page)


@strawberry.type(description="Only ever the viewer: nobody is shown another person's `User`.")
class User(Node):
    """The viewer."""

    nickname: str | None
    avatar_url: str | None = strawberry.field(resolver=_avatar_url)
    gender: words.Gender
    country: str | None
    province: str | None
    city: str | None
    language: str | None
    phone: Phone | None = strawberry.field(
        resolver=_phone, description="Present once bound; visible to the user alone."
    )
    created_at: datetime
    row: strawberry.Private[UserRow]
    appid: strawberry.Private[str | None]
    orders: OrderConnection | None = strawberry.field(
        resolver=_orders, description="The user's own orders, newest first."
    )

    @classmethod
    def from_row(cls, row: UserRow, appid: str | None = None) -> "User":
        """The row as its owner sees it; `appid` where the request's own token does not say the mini program."""
        return cls(
            row=row,
            appid=appid,
            id=strawberry.ID(row.id),
            nickname=row.nickname,
            gender=words.Gender(row.gender),
            country=row.country,
            province=row.province,
            city=row.city,
            language=row.language,
            created_at=row.created_at,
        )
