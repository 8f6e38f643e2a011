"""The end of the process: what is under way has some seconds, what that begins too, and then it is over."""

import asyncio
import time

import pytest

from services.background import Background, finish
from tests.orders.asking import called, calls, orders_of
from tests.shop import PREPAY_PATH, QUERY_PATH, Shop

pytestmark = pytest.mark.anyio


async def test_what_is_begun_meanwhile_is_waited_for_as_well() -> None:
    background, done = Background(), list[int]()

    async def step(number: int) -> None:
        await asyncio.sleep(0.02)
        if number < 5:
            background.begin("step", step(number + 1))
        done.append(number)

    background.begin("step", step(1))
    await background.aclose()

    assert done == [1, 2, 3, 4, 5]


async def test_there_is_one_deadline_for_all_of_it() -> None:
    background, begun = Background(), list[int]()

    async def step() -> None:
        begun.append(1)
        await asyncio.sleep(0.05)
        background.begin("step", step())

    background.begin("step", step())
    started = time.monotonic()
    await background.aclose(seconds=0.3)
    ended = len(begun)
    await asyncio.sleep(0.2)

    assert time.monotonic() - started < 3
    assert 1 <= ended <= 7
    assert len(begun) == ended


async def test_what_is_left_is_cancelled_and_awaited() -> None:
    tidied = list[str]()

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            tidied.append("tidied")

    tasks = [asyncio.create_task(endless())]
    await asyncio.sleep(0)
    await finish(lambda: [task for task in tasks if not task.done()], 0.01)

    assert (tidied, tasks[0].cancelled()) == (["tidied"], True)


async def test_work_that_is_ended_before_it_began_is_no_warning() -> None:
    background = Background()

    background.begin("late", asyncio.sleep(60))
    await background.aclose(seconds=0)

    assert background._tasks == set()


@pytest.mark.parametrize("path", [QUERY_PATH, PREPAY_PATH], ids=["syncing", "prepaying"])
async def test_questions_that_wechat_does_not_answer_do_not_keep_the_process(shop: Shop, path: str) -> None:
    # given: an order without a prepay_id, and WeChat takes long
    buyer = await shop.buyer()
    await shop.fault("reset", PREPAY_PATH)
    assert (await shop.create(buyer, await shop.product(), key=f"ending-{path}"))["code"] == "WECHAT_UNAVAILABLE"
    [order] = await orders_of(shop, buyer.user_id)
    await shop.order("faults", {"faults": [{"path": path, "fault": "delay:4"}]}, "PUT")
    before, buying = await calls(shop), shop.application.process.services.buying
    # when
    asking = buying.syncing.sync(order) if path == QUERY_PATH else buying.prepaying.parameters(order)
    task: asyncio.Task[object] = asyncio.create_task(asking)
    await called(shop, before)
    started = time.monotonic()
    await (buying.syncing if path == QUERY_PATH else buying.prepaying).aclose(seconds=0.1)
    took = time.monotonic() - started
    # then
    with pytest.raises(asyncio.CancelledError):
        await task
    assert took < 3
    assert (await shop.row(order.id)).status == "PENDING"
