"""What others may see of a user."""

import strawberry

from models.accounts import User as UserRow


@strawberry.type(description="What others may see of a user.")
class Profile:
    """No more than this, wherever a user is shown to others."""

    nickname: str | None
    avatar_url: str | None

    @classmethod
    def from_row(cls, row: UserRow) -> "Profile":
        """The row as others see it."""
        return cls(nickname=row.nickname, avatar_url=row.avatar_url)
