"""A worker's turns, when a test wants them, and what WeChat was asked in them."""

from datetime import datetime

from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, REFUND_PATH, REFUND_QUERY_PATH, Shop

CALLS = {
    "prepay": PREPAY_PATH,
    "query": QUERY_PATH,
    "close": CLOSE_PATH,
    "refund": REFUND_PATH,
    "refund query": REFUND_QUERY_PATH,
}
JITTER = 3.0
"""Seconds by which the worker is later than the ladder at most, so that orders do not come all at once."""


async def sweep(shop: Shop) -> dict[str, int]:
    """The worker does what is due; how often WeChat was called for it. What was not called is left out."""
    before = (await shop.state())["calls"]
    _ = await shop.application.process.workshift.sweep()
    after = (await shop.state())["calls"]
    return {name: after[path] - before[path] for name, path in CALLS.items() if after[path] != before[path]}


async def sweep_at(shop: Shop, moment: datetime, seconds: float) -> dict[str, int]:
    """As `sweep`, so many seconds after the moment, or now where that is past."""
    now = shop.sandbox.wechat.clock.now()
    await shop.advance(max(0.0, moment.timestamp() + seconds - now))
    return await sweep(shop)
