"""Problems as data: one type for each class of `domain.problems`, and the handlers that turn the one into the other.

A handler serves one concrete type; one declared for the interface would never fire.
"""

from typing import Any

import strawberry
from strawberry.schema import ExceptionHandler

from domain import problems
from schema.common.enums import register_enum

register_enum(
    problems.Recovery,
    {
        problems.Recovery.NONE: "Nothing, or something else than this call.",
        problems.Recovery.RETRY: "Send the same again, later.",
        problems.Recovery.FRESH_CODE: "Get a fresh code (wx.login, the phone button) and call again.",
        problems.Recovery.SIGN_IN: "wx.login, `login`, then ask the phone for the data again.",
    },
    description="What the caller can do about a problem.",
)

_Code = problems.ProblemCode
register_enum(
    problems.ProblemCode,
    {
        _Code.INVALID_INPUT: "InvalidInput, NONE.",
        _Code.LOGIN_CODE_INVALID: "WeChatProblem, FRESH_CODE: wrong, used or too old.",
        _Code.LOGIN_BLOCKED: "WeChatProblem, NONE: WeChat holds the user for a risk.",
        _Code.WECHAT_UNAVAILABLE: "WeChatProblem, RETRY: not reached, busy, or an answer that cannot be trusted; "
        "the outcome may be unknown. Get a fresh code for calls that take one: it may have been used up.",
        _Code.WECHAT_REJECTED: "WeChatProblem, NONE: refused for a reason that a repeat does not change.",
        _Code.SESSION_KEY_STALE: "WeChatProblem, SIGN_IN: "
        "the data was encrypted with a newer session key than the one kept here.",
        _Code.CONTENT_REJECTED: "Refusal, NONE: the text or picture did not pass the content check.",
        _Code.PHONE_CODE_INVALID: "WeChatProblem, FRESH_CODE.",
        _Code.PHONE_TAKEN: "Refusal, NONE: the number belongs to another user.",
        _Code.PRODUCT_UNAVAILABLE: "ProductUnavailable, NONE.",
        _Code.PRODUCT_NOT_FOUND: "Refusal, NONE.",
        _Code.OUT_OF_STOCK: "OutOfStock, NONE.",
        _Code.PRICE_CHANGED: "PriceChanged, NONE.",
        _Code.IDEMPOTENCY_CONFLICT: "Refusal, NONE: the key was used with another input.",
        _Code.TOO_MANY_UNPAID_ORDERS: "Refusal, NONE: pay or cancel one first.",
        _Code.ORDER_NOT_FOUND: "Refusal, NONE: no such order, or not the viewer's.",
        _Code.ORDER_NOT_PAYABLE: "OrderProblem, NONE: "
        "paid, closed, on hold, too close to its end, or made in another mini program.",
        _Code.ORDER_NOT_CANCELLABLE: "OrderProblem, NONE.",
        _Code.REFUND_NOT_ALLOWED: "OrderProblem, NONE.",
        _Code.SHARE_NOT_FOUND: "Refusal, NONE.",
    },
    description="Stable and machine-readable names of problems.",
)


@strawberry.interface(
    description="An expected refusal. "
    "Select `... on Problem { code message }` once and every present and future problem is covered."
)
class Problem:
    """What every problem has."""

    code: problems.ProblemCode = strawberry.field(description="Stable and machine-readable.")
    message: str = strawberry.field(
        description="Safe to show to a developer; never holds a secret, an openid or a phone number."
    )
    recovery: problems.Recovery = strawberry.field(description="What the caller can do about it.")


@strawberry.type
class InputIssue:
    """One thing wrong with an input."""

    field: str
    message: str


@strawberry.type(description="The input is wrong; nothing was done.")
class InvalidInput(Problem):
    """See `domain.problems.InvalidInput`."""

    field: str = strawberry.field(description="Path of the first issue, as in `items.0.quantity`.")
    issues: list[InputIssue] = strawberry.field(description="All of them.")


@strawberry.type(
    description="WeChat refused the call, or could not be reached. `errcode` is WeChat's own, where it gave one."
)
class WeChatProblem(Problem):
    """See `domain.problems.WeChatProblem`."""

    errcode: str | None


@strawberry.type(description="A rule of this server stands against the call.")
class Refusal(Problem):
    """See `domain.problems.Refusal`."""


class InvalidInputHandler(ExceptionHandler[problems.InvalidInput, InvalidInput]):
    """Answers a raised InvalidInput as data."""

    def handle(self, exception: problems.InvalidInput, **_: Any) -> InvalidInput:
        """The same as a GraphQL type."""
        return InvalidInput(
            code=exception.code,
            message=exception.message,
            recovery=exception.recovery,
            field=exception.field,
            issues=[InputIssue(field=issue.field, message=issue.message) for issue in exception.issues],
        )


class WeChatProblemHandler(ExceptionHandler[problems.WeChatProblem, WeChatProblem]):
    """Answers a raised WeChatProblem as data."""

    def handle(self, exception: problems.WeChatProblem, **_: Any) -> WeChatProblem:
        """The same as a GraphQL type."""
        return WeChatProblem(
            code=exception.code,
            message=exception.message,
            recovery=exception.recovery,
            errcode=exception.errcode,
        )


class RefusalHandler(ExceptionHandler[problems.Refusal, Refusal]):
    """Answers a raised Refusal as data."""

    def handle(self, exception: problems.Refusal, **_: Any) -> Refusal:
        """The same as a GraphQL type."""
        return Refusal(code=exception.code, message=exception.message, recovery=exception.recovery)


HANDLERS = (InvalidInputHandler(), WeChatProblemHandler(), RefusalHandler())
