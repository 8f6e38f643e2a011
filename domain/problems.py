"""Everything that this server refuses, as one tree.

    Failure
    ├── Problem                 expected; a member of a mutation's result union
    │   ├── InvalidInput        the caller's input is wrong, every issue listed
    │   ├── WeChatProblem       WeChat refused, or its answer is unknown
    │   ├── Refusal             a rule of this server stands against the call
    │   ├── PriceChanged        with the total as of now, in fen
    │   ├── ProductUnavailable  with the product's id
    │   ├── OutOfStock          with the product and what is left of it
    │   └── OrderProblem        the order's state does not allow the call; with the order
    └── RequestFailure          a GraphQL error with `extensions.code`
        ├── Unauthenticated
        ├── Forbidden
        ├── BadRequest
        ├── RateLimited         with `retry_after`, in seconds
        └── Unavailable

No message ever holds a secret, a token, an openid, a phone number or a request body: messages are shown and logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Recovery(StrEnum):
    """What the caller can do about a problem."""

    NONE = "NONE"
    RETRY = "RETRY"
    FRESH_CODE = "FRESH_CODE"
    SIGN_IN = "SIGN_IN"


class ProblemCode(StrEnum):
    """Stable and machine-readable names of problems; the contract's enum."""

    INVALID_INPUT = "INVALID_INPUT"
    LOGIN_CODE_INVALID = "LOGIN_CODE_INVALID"
    LOGIN_BLOCKED = "LOGIN_BLOCKED"
    WECHAT_UNAVAILABLE = "WECHAT_UNAVAILABLE"
    WECHAT_REJECTED = "WECHAT_REJECTED"
    SESSION_KEY_STALE = "SESSION_KEY_STALE"
    CONTENT_REJECTED = "CONTENT_REJECTED"
    PHONE_CODE_INVALID = "PHONE_CODE_INVALID"
    PHONE_TAKEN = "PHONE_TAKEN"
    PRODUCT_UNAVAILABLE = "PRODUCT_UNAVAILABLE"
    PRODUCT_NOT_FOUND = "PRODUCT_NOT_FOUND"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    PRICE_CHANGED = "PRICE_CHANGED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    TOO_MANY_UNPAID_ORDERS = "TOO_MANY_UNPAID_ORDERS"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_NOT_PAYABLE = "ORDER_NOT_PAYABLE"
    ORDER_NOT_CANCELLABLE = "ORDER_NOT_CANCELLABLE"
    REFUND_NOT_ALLOWED = "REFUND_NOT_ALLOWED"
    SHARE_NOT_FOUND = "SHARE_NOT_FOUND"

    @property
    def recovery(self) -> Recovery:
        """What the caller can do; the same for every occurrence of a code."""
        return _RECOVERIES.get(self, Recovery.NONE)


_RECOVERIES = {
    ProblemCode.LOGIN_CODE_INVALID: Recovery.FRESH_CODE,
    ProblemCode.PHONE_CODE_INVALID: Recovery.FRESH_CODE,
    ProblemCode.WECHAT_UNAVAILABLE: Recovery.RETRY,
    ProblemCode.SESSION_KEY_STALE: Recovery.SIGN_IN,
}


class Failure(Exception):
    """The root; its message is safe to show to a developer."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Problem(Failure):
    """An expected refusal, answered as data."""

    def __init__(self, code: ProblemCode, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def recovery(self) -> Recovery:
        """What the caller can do about it."""
        return self.code.recovery


@dataclass(frozen=True)
class InputIssue:
    """One thing wrong with an input; `field` is a path as in `items.0.quantity`."""

    field: str
    message: str


class InvalidInput(Problem):
    """The input is wrong and nothing was done; lists every issue, at least one."""

    def __init__(self, issues: Sequence[InputIssue]) -> None:
        super().__init__(ProblemCode.INVALID_INPUT, f"{issues[0].field}: {issues[0].message}")
        self.issues = tuple(issues)

    @property
    def field(self) -> str:
        """The path of the first issue."""
        return self.issues[0].field


class WeChatProblem(Problem):
    """WeChat refused the call or could not be reached; `errcode` is WeChat's own, where it gave one."""

    def __init__(self, code: ProblemCode, message: str, errcode: str | None = None) -> None:
        super().__init__(code, message)
        self.errcode = errcode


class Refusal(Problem):
    """A rule of this server stands against the call."""


class PriceChanged(Problem):
    """The total is not what the user saw; `total` is what it is now, in fen."""

    def __init__(self, total: int) -> None:
        super().__init__(ProblemCode.PRICE_CHANGED, "The price has changed; send the new total to accept it.")
        self.total = total


class ProductUnavailable(Problem):
    """There is no such product for sale."""

    def __init__(self, product_id: str) -> None:
        super().__init__(ProblemCode.PRODUCT_UNAVAILABLE, "A product is not for sale, or not any more.")
        self.product_id = product_id


class OutOfStock(Problem):
    """Less is left than was asked for; `product` is the row or view that the floors above know."""

    def __init__(self, product: object, available: int) -> None:
        super().__init__(ProblemCode.OUT_OF_STOCK, "Less is left of a product than was asked for.")
        self.product = product
        self.available = available


class OrderProblem(Problem):
    """The order stands in a state that does not allow the call; `order` is the view that the floors above know."""

    def __init__(self, code: ProblemCode, message: str, order: object) -> None:
        super().__init__(code, message)
        self.order = order


class RequestFailure(Failure):
    """Answered as a GraphQL error; `code` is its `extensions.code`."""

    code = "INTERNAL"


class Unauthenticated(RequestFailure):
    """No session, or one that is unknown, expired or revoked."""

    code = "UNAUTHENTICATED"


class Forbidden(RequestFailure):
    """Signed in, and still not allowed."""

    code = "FORBIDDEN"


class BadRequest(RequestFailure):
    """The request cannot be understood, or is larger than allowed."""

    code = "BAD_REQUEST"


class RateLimited(RequestFailure):
    """Too many calls; `retry_after` is in seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(RequestFailure):
    """The database is busy or away, or the operation ran out of time; its outcome may be unknown."""

    code = "UNAVAILABLE"
