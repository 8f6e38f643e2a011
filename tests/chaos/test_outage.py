"""WeChat goes away: answers stay bounded and soon are fast, what needs no WeChat goes on, and nothing is lost."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.chaos.load import Load, Samples, outcome_of
from tests.chaos.running_shop import CREATE, RunningShop, running_shop
from tests.world import gather

pytestmark = pytest.mark.anyio

IS_FULL = os.environ.get("APPLETQL_FULL") == "1"
OUTAGE_SECONDS = 60.0 if IS_FULL else 6.0
PER_SECOND = 50.0 if IS_FULL else 20.0
READS_PER_SECOND = 20.0
MEBIBYTE = 1024 * 1024


async def test_an_outage_of_wechat(tmp_path: Path, databases: object) -> None:
    database_url = str(databases.empty())  # type: ignore[attr-defined]  # either kind of database has it
    async with running_shop(tmp_path, database_url, buyers=200 if IS_FULL else 60) as shop:
        stop, load, reads = asyncio.Event(), Load(), Load()
        loading = asyncio.gather(
            load.run([("login", shop.login), ("create", shop.create)], PER_SECOND, stop),
            reads.run([("me", shop.me), ("orders", shop.orders)], READS_PER_SECOND, stop),
        )
        await asyncio.sleep(3)
        before, calm = shop.memory(), Samples([*load.samples.found, *reads.samples.found]).patience()
        shop.wire.cut()
        cut = time.monotonic()
        await asyncio.sleep(OUTAGE_SECONDS)
        after = shop.memory()
        shop.wire.mend()
        mended = time.monotonic()
        kinds = ("login", "create")
        while not all(load.samples.has_ok(kind, since=mended) for kind in kinds):
            await asyncio.sleep(0.2)
            assert time.monotonic() < mended + 15 * calm
        stop.set()
        await loading

        during, settled = load.samples.of(*kinds, since=cut, until=mended), cut + 4
        fast = load.samples.of(*kinds, since=settled, until=mended)
        idle = reads.samples.of("me", "orders", since=cut, until=mended)
        recovered = max(load.samples.first_ok(kind, since=mended) for kind in kinds) - mended
        tell(
            f"outage of {OUTAGE_SECONDS:.0f} s at {PER_SECOND:.0f}/s: p99 {during.took(0.99):.2f} s, "
            f"then median {fast.took(0.5) * 1000:.0f} ms and p90 {fast.took(0.9) * 1000:.0f} ms; "
            f"reads p99 {idle.took(0.99) * 1000:.0f} ms; recovered after {recovered:.1f} s; "
            f"patience {calm:.1f}; memory {(after - before) / MEBIBYTE:+.1f} MiB; {dict(during.outcomes())}"
        )
        assert set(during.outcomes()) <= {"ok", "WECHAT_UNAVAILABLE"}
        assert during.took(0.99) <= 3.5 * calm
        assert fast.took(0.5) < 0.05 * calm
        assert set(idle.outcomes()) == {"ok"}
        assert idle.took(0.95) < 0.1 * calm
        assert recovered < 15 * calm
        assert after - before < 40 * MEBIBYTE
        await assert_nothing_lost(shop)


def tell(numbers: str) -> None:
    """The numbers are what the test is for."""
    print(f"\n{numbers}")  # noqa: T201  (for who runs it)


async def assert_nothing_lost(shop: RunningShop) -> None:
    """Every key that was ever sent gives an order now, and the same when it is sent again."""

    async def number(token: str, key: str) -> str:
        items = [{"productId": shop.product, "quantity": 1}]
        answer = await shop.send(CREATE, token, input={"items": items, "idempotencyKey": key})
        assert outcome_of(answer) == "ok", answer.text
        return str(answer.json()["data"]["createOrder"]["order"]["number"])

    first, again = [await gather([number(token, key) for token, key in shop.keys], at_once=20) for _ in range(2)]
    assert first == again
    assert len(set(first)) == len(shop.keys)
    at_wechat = shop.sandbox.wechat.state.orders
    assert set(first) <= set(at_wechat)
