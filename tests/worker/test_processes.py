"""Workers as processes: work is done once among four of them, and what a killed one had begun is done once more."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shop import QUERY_PATH, Shop
from tests.worker.children import child, end, sweep_in_a_process
from tests.worker.due import insert_due, still_due

pytestmark = pytest.mark.anyio
ROWS = 400


async def asked(shop: Shop) -> int:
    return await shop.calls(QUERY_PATH)


async def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.01)


async def test_four_workers_do_four_hundred_rows_once(shop: Shop, tmp_path: Path) -> None:
    # given
    await insert_due(shop, ROWS)
    before = await asked(shop)
    # when
    settings = shop.application._settings
    await asyncio.gather(*(sweep_in_a_process(tmp_path, settings) for _ in range(4)))
    # then: as many questions as rows, and each row is moved on
    assert await asked(shop) - before == ROWS
    assert await still_due(shop) == (0, 0)
    await shop.assert_sound()


async def test_what_a_killed_worker_had_begun_is_done_once_more_after_its_lease(shop: Shop, tmp_path: Path) -> None:
    # given: a worker whose twenty questions hang
    await insert_due(shop, 60)
    settings, calls = shop.application._settings, shop.sandbox.wechat.state.calls
    await shop.fault("delay:2", QUERY_PATH, times=1000)
    async with child(tmp_path, settings, "worker") as process:
        await wait_until(lambda: calls[QUERY_PATH] == 20)
        process.kill()
        await process.wait()
    await shop.notifications("normal")
    assert await still_due(shop) == (60, 20)
    # when: another one comes within the lease
    await sweep_in_a_process(tmp_path, settings)
    # then: it does the others
    assert calls[QUERY_PATH] == 60
    assert await still_due(shop) == (20, 20)
    # when: the lease is over
    await shop.advance(91)
    await sweep_in_a_process(tmp_path, settings)
    await sweep_in_a_process(tmp_path, settings)
    # then
    assert calls[QUERY_PATH] == 80
    assert await still_due(shop) == (0, 0)
    await shop.assert_sound()


async def test_sigterm_lets_a_worker_finish_what_it_began(shop: Shop, tmp_path: Path) -> None:
    # given
    await insert_due(shop, 60)
    calls = shop.sandbox.wechat.state.calls
    await shop.fault("delay:0.8", QUERY_PATH, times=1000)
    async with child(tmp_path, shop.application._settings, "worker") as process:
        await wait_until(lambda: calls[QUERY_PATH] == 20)
        # when
        began = time.monotonic()
        code = await end(process)
    # then
    assert code == 0
    assert time.monotonic() - began < 15
    done = calls[QUERY_PATH]
    assert await still_due(shop) == (60 - done, 0)
    await shop.assert_sound()
