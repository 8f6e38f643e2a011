"""What the story of an order tells of WeChat: each call and how it ended."""

from enum import StrEnum


class Told(StrEnum):
    """A call to WeChat Pay; its detail is a state, a code, or the kind of failure."""

    PREPAY = "prepay"
    QUERY = "query"
    CLOSE = "close"
    REFUND = "refund"
    REFUND_QUERY = "refund query"
