"""`updateProfile`, in its three ways."""

from typing import Annotated, Any

import strawberry
from strawberry import UNSET, Info

from domain import accounts as words
from resolvers import accounts
from resolvers.context import Context
from schema.accounts.user import User
from schema.common.inputs import given
from schema.common.problems import InvalidInput, Refusal, WeChatProblem


@strawberry.input(description="A field left out stays as it is; null clears it.")
class ProfileFields:
    """What can be typed or picked."""

    nickname: str | None = UNSET
    avatar_url: str | None = UNSET
    gender: words.Gender | None = UNSET
    country: str | None = UNSET
    province: str | None = UNSET
    city: str | None = UNSET
    language: str | None = UNSET


@strawberry.input
class SignedUserInfo:
    """Data that the phone signed."""

    raw_data: str
    signature: str


@strawberry.input
class EncryptedData:
    """Data that the phone encrypted."""

    encrypted_data: str
    iv: str


@strawberry.input(one_of=True, description="Exactly one way to say who the user is.")
class UpdateProfileInput:
    """One of three."""

    fields: ProfileFields | None = strawberry.field(
        default=UNSET, description="As the user typed or picked it (chooseAvatar, nickname input)."
    )
    signed: SignedUserInfo | None = strawberry.field(
        default=UNSET,
        description="`rawData` and `signature` of wx.getUserInfo or wx.getUserProfile: "
        "checked against the session key.",
    )
    encrypted: EncryptedData | None = strawberry.field(
        default=UNSET, description="`encryptedData` and `iv` of the same calls: opened with the session key."
    )


@strawberry.type
class UpdateProfileSuccess:
    """The profile is changed."""

    user: User


UpdateProfileResult = Annotated[
    UpdateProfileSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("UpdateProfileResult")
]


async def _update_profile(
    info: Info[Context, None],
    input: UpdateProfileInput,  # noqa: A002  (the contract's name)
) -> UpdateProfileResult | None:
    row: Any
    if input.signed:
        row = await accounts.update_profile_signed(info.context, input.signed.raw_data, input.signed.signature)
    elif input.encrypted:
        row = await accounts.update_profile_encrypted(info.context, input.encrypted.encrypted_data, input.encrypted.iv)
    else:
        row = await accounts.update_profile(info.context, given(input.fields))
    return UpdateProfileSuccess(user=User.from_row(row))


@strawberry.type
class ProfileMutation:
    """The root mutation about the profile."""

    update_profile: UpdateProfileResult | None = strawberry.field(
        resolver=_update_profile,
        description="Changes the viewer's profile. A nickname passes WeChat's content check. "
        "What the phone says is a claim: nothing is proven by it.",
    )
