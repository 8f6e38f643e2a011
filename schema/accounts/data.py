"""What people may ask of their data: a copy, and its deletion."""

from typing import Annotated

import strawberry
from strawberry import Info
from strawberry.scalars import JSON

from resolvers import accounts
from resolvers.context import Context
from schema.common.problems import InvalidInput, Refusal, WeChatProblem


@strawberry.type
class DeleteAccountSuccess:
    """The account is no more."""

    deleted: bool = strawberry.field(description="Always true; every session of the user has ended.")


DeleteAccountResult = Annotated[
    DeleteAccountSuccess | InvalidInput | WeChatProblem | Refusal, strawberry.union("DeleteAccountResult")
]


async def _delete_account(info: Info[Context, None], code: str) -> DeleteAccountResult | None:
    await accounts.delete_account(info.context, code)
    return DeleteAccountSuccess(deleted=True)


async def _export_my_data(info: Info[Context, None]) -> JSON | None:
    return JSON(await accounts.export_my_data(info.context))


@strawberry.type
class DataQuery:
    """The root field about the viewer's data."""

    export_my_data: JSON | None = strawberry.field(
        resolver=_export_my_data,
        description="What is held about the viewer, as one JSON object: profile, identities with their openids, phone, "
        "sessions, pictures, shares and visits, orders with their payments and refunds. Keys, hashes, tokens and the "
        "merchant's records of its own work are left out. Times as in the rest of the API, amounts in fen.",
    )


@strawberry.type
class DataMutation:
    """The root mutation about the viewer's data."""

    delete_account: DeleteAccountResult | None = strawberry.field(
        resolver=_delete_account,
        description="Deletes the viewer's account in every mini program of this server, for good. "
        "`code` is a fresh one of wx.login of the same user: a token alone may be a stolen one.",
    )
