"""Sharing: the card a user sends, the landing page's look at it, and the visit that counts."""

from typing import Annotated

import strawberry
from strawberry import UNSET, Info

from domain.sharing import path_of
from resolvers import sharing
from resolvers.context import Context
from schema.accounts.profile import EncryptedData
from schema.common.node import Node
from schema.common.problems import InvalidInput, Refusal, WeChatProblem
from schema.common.profile import Profile
from services.sharing.views import ShareView


async def _code_image_url(root: "Share", info: Info[Context, None]) -> str | None:
    return await sharing.code_image_url(info.context, root.view)


def _image_url(root: "Share", info: Info[Context, None]) -> str | None:
    return info.context.shown(root.view.share.image_url)


@strawberry.type(description="What `onShareAppMessage` or `onShareTimeline` returns, and where it leads.")
class Share(Node):
    """A share as the viewer sees it."""

    view: strawberry.Private[ShareView]
    code: str = strawberry.field(
        description="At most 32 characters of [0-9A-Za-z_-], fit for a mini-program code's scene."
    )
    title: str
    path: str = strawberry.field(description="The page with the code in its query, as in `pages/index/index?share=…`.")
    image_url: str | None = strawberry.field(resolver=_image_url)
    shared_by: Profile | None
    visits: int | None = strawberry.field(
        description="Times opened by somebody else, each user counted once; visible to the sharer alone."
    )
    new_users: int | None = strawberry.field(
        description="People who first came through it; visible to the sharer alone."
    )
    code_image_url: str | None = strawberry.field(
        resolver=_code_image_url,
        description="An address of the mini-program code that opens the page with this code as its `scene`; "
        "visible to the sharer alone. Null when WeChat could not make one, as for a page that is not released.",
    )

    @classmethod
    def from_view(cls, view: ShareView) -> "Share":
        """The share as the viewer sees it."""
        row, counts = view.share, view.counts
        return cls(
            id=strawberry.ID(row.id),
            view=view,
            code=row.code,
            title=row.title,
            path=path_of(row.page, row.code),
            shared_by=Profile.from_row(view.shared_by),
            visits=counts.visits if counts else None,
            new_users=counts.new_users if counts else None,
        )


@strawberry.input
class CreateShareInput:
    """What `createShare` takes."""

    page: str = strawberry.field(
        description="A page of the mini program, with its query: no leading slash, no `share` in the query."
    )
    title: str = strawberry.field(description="At most 64 characters; passes WeChat's content check.")
    image_url: str | None = strawberry.field(default=UNSET, description="An https address; never fetched.")


@strawberry.type
class CreateShareSuccess:
    """The card is ready to be sent."""

    share: Share


@strawberry.input
class OpenShareInput:
    """What `openShare` takes."""

    code: str
    group: EncryptedData | None = strawberry.field(
        default=UNSET, description="From wx.getShareInfo, when the card was opened in a group."
    )


@strawberry.type
class OpenShareSuccess:
    """The visit is counted."""

    share: Share
    group_id: str | None = strawberry.field(
        description="The group's id within this mini program (openGId), when the group was given. "
        "A hint from the phone: grant nothing on it."
    )


CreateShareResult = Annotated[
    CreateShareSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("CreateShareResult")
]
OpenShareResult = Annotated[
    OpenShareSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("OpenShareResult")
]


async def _share(info: Info[Context, None], code: str) -> Share | None:
    view = await sharing.share(info.context, code)
    return Share.from_view(view) if view else None


async def _create_share(
    info: Info[Context, None],
    input: CreateShareInput,  # noqa: A002  (the contract's name)
) -> CreateShareResult | None:
    view = await sharing.create_share(
        info.context, input.page, input.title, None if input.image_url is UNSET else input.image_url
    )
    return CreateShareSuccess(share=Share.from_view(view))


async def _open_share(
    info: Info[Context, None],
    input: OpenShareInput,  # noqa: A002  (the contract's name)
) -> OpenShareResult | None:
    group = (input.group.encrypted_data, input.group.iv) if input.group else None
    opened = await sharing.open_share(info.context, input.code, group)
    return OpenShareSuccess(share=Share.from_view(opened.view), group_id=opened.group_id)


@strawberry.type
class SharingQuery:
    """The root field of a landing page."""

    share: Share | None = strawberry.field(
        resolver=_share, description="The share of a code, for the page that the card opens; needs no token."
    )


@strawberry.type
class SharingMutation:
    """The root mutations about cards."""

    create_share: CreateShareResult | None = strawberry.field(
        resolver=_create_share,
        description="Makes the code and the path to put into the card. The same page and title again give the same "
        "share, which shows the image given last; new ones are limited per user and hour.",
    )
    open_share: OpenShareResult | None = strawberry.field(
        resolver=_open_share,
        description="Call it when the mini program was opened by a card: counts a visit once per user and share, "
        "never the sharer's own.",
    )
