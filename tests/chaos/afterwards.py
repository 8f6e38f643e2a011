"""After an outage: what was acknowledged is there, nothing is there twice, and the books agree with themselves."""

import asyncio
from pathlib import Path

from tests.chaos.load import outcome_of
from tests.chaos.running_shop import CREATE, RunningShop
from tests.process.running import run
from tests.world import gather


async def assert_nothing_lost(shop: RunningShop) -> None:
    """Every key that was ever sent gives an order now, the same when it is sent again, and the one it gave before."""

    async def number(token: str, key: str) -> str:
        items = [{"productId": shop.product, "quantity": 1}]
        answer = await shop.send(CREATE, token, input={"items": items, "idempotencyKey": key})
        assert outcome_of(answer) == "ok", answer.text
        return str(answer.json()["data"]["createOrder"]["order"]["number"])

    first, again = [await gather([number(token, key) for token, key in shop.keys], at_once=20) for _ in range(2)]
    assert first == again
    assert len(set(first)) == len(shop.keys)
    found = {key: number for (_, key), number in zip(shop.keys, first, strict=True)}
    assert shop.acknowledged
    assert shop.acknowledged.items() <= found.items()
    at_wechat = shop.sandbox.wechat.state.orders
    assert set(first) <= set(at_wechat)


async def assert_verified(folder: Path, shop: RunningShop) -> None:
    """`appletql verify`, beside the running server."""
    done = await asyncio.to_thread(run, folder, "verify", **shop.environment)
    assert done.returncode == 0, done.stdout + done.stderr
