"""What the story of an order tells of WeChat: each call and how it ended."""

from datetime import timedelta
from enum import StrEnum

KEPT = timedelta(days=180)
"""So long a line of a story is kept; payments, refunds and the ledger stay."""


class Told(StrEnum):
    """A call to WeChat Pay; its detail is a state, a code, or the kind of failure."""

    PREPAY = "prepay"
    QUERY = "query"
    CLOSE = "close"
    REFUND = "refund"
    REFUND_QUERY = "refund query"
