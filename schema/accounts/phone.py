"""`bindPhone` and `unbindPhone`."""

from typing import Annotated

import strawberry
from strawberry import UNSET, Info

from resolvers import accounts
from resolvers.context import Context
from schema.accounts.profile import EncryptedData
from schema.accounts.user import User
from schema.common.inputs import or_none
from schema.common.problems import InvalidInput, Refusal, WeChatProblem


@strawberry.input(one_of=True, description="Exactly one proof of the number.")
class BindPhoneInput:
    """One of two."""

    code: str | None = strawberry.field(default=UNSET, description="From `getPhoneNumber` or `getRealtimePhoneNumber`.")
    encrypted: EncryptedData | None = strawberry.field(default=UNSET, description="The older form of the same event.")


@strawberry.type
class BindPhoneSuccess:
    """The number is the viewer's."""

    user: User


@strawberry.type
class UnbindPhoneSuccess:
    """The viewer has no number."""

    user: User


BindPhoneResult = Annotated[
    BindPhoneSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("BindPhoneResult")
]
UnbindPhoneResult = Annotated[
    UnbindPhoneSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("UnbindPhoneResult")
]


async def _bind_phone(
    info: Info[Context, None],
    input: BindPhoneInput,  # noqa: A002  (the contract's name)
) -> BindPhoneResult | None:
    encrypted = (input.encrypted.encrypted_data, input.encrypted.iv) if input.encrypted else None
    row = await accounts.bind_phone(info.context, or_none(input.code), encrypted)
    return BindPhoneSuccess(user=User.from_row(row))


async def _unbind_phone(info: Info[Context, None]) -> UnbindPhoneResult | None:
    return UnbindPhoneSuccess(user=User.from_row(await accounts.unbind_phone(info.context)))


@strawberry.type
class PhoneMutation:
    """The root mutations about the phone number."""

    bind_phone: BindPhoneResult | None = strawberry.field(
        resolver=_bind_phone, description="Binds the number that WeChat proves, in place of the one before."
    )
    unbind_phone: UnbindPhoneResult | None = strawberry.field(
        resolver=_unbind_phone, description="Frees the viewer's number; without one nothing happens."
    )
