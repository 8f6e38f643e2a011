"""What others may see of a user."""

import strawberry
from strawberry import Info

from models.accounts import User as UserRow
from resolvers.context import Context


def _avatar_url(root: "Profile", info: Info[Context, None]) -> str | None:
    return info.context.shown(root.row.avatar_url)


@strawberry.type(description="What others may see of a user.")
class Profile:
    """No more than this, wherever a user is shown to others."""

    nickname: str | None
    avatar_url: str | None = strawberry.field(resolver=_avatar_url)
    row: strawberry.Private[UserRow]

    @classmethod
    def from_row(cls, row: UserRow) -> "Profile":
        """The row as others see it."""
        return cls(nickname=row.nickname, row=row)
