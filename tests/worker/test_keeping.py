"""What is not kept for ever: old lines of stories, lines that say the same, and what came late about somebody gone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ids import Prefix, new_id
from domain.stories import KEPT, Told
from models.accounts import User
from models.notices import Notice
from models.orders import Order
from models.stories import OrderEvent
from services.background import Background
from services.payments.story import Story
from tests.accounts.operations import DELETE_ACCOUNT, do
from tests.shop import Shop
from tests.worker.sweeping import sweep

pytestmark = pytest.mark.anyio


async def lines(shop: Shop, order_id: str) -> list[tuple[str, str]]:
    async def found() -> list[tuple[str, str]]:
        return [(each.what, each.detail) for each in await OrderEvent.filter(order_id=order_id).order_by("id")]

    return await shop.read(found)


async def test_a_line_that_says_the_same_as_the_last_is_left_out(shop: Shop) -> None:
    # given
    buyer = await shop.buyer()
    order, other = [(await shop.ordered(buyer, await shop.product()))["order"] for _ in range(2)]
    moment = shop.application.process.clock() + timedelta(minutes=1)
    ticks = iter(range(100))
    background = Background()
    story = Story(shop.units, background, lambda: moment + timedelta(seconds=next(ticks)))
    # when
    told = ["NOTPAY", "NOTPAY", "USERPAYING", "USERPAYING", "NOTPAY", "x" * 300, "x" * 301]
    for detail in told:
        story.of_order(order["number"], Told.QUERY, detail)
        story.of_order(other["number"], Told.QUERY, "NOTPAY")
        await background.aclose()
    story.of_order(other["number"], Told.CLOSE, "NOTPAY")
    await background.aclose()
    # then
    asked = [line for line in await lines(shop, order["id"]) if line[0] == "query"]
    assert asked == [("query", detail) for detail in ("NOTPAY", "USERPAYING", "NOTPAY", "x" * 200)]
    assert (await lines(shop, other["id"]))[-2:] == [("query", "NOTPAY"), ("close", "NOTPAY")]


async def test_old_lines_are_deleted_in_batches_and_the_others_stay(shop: Shop) -> None:
    # given
    order = (await shop.ordered(await shop.buyer(), await shop.product()))["order"]
    await shop.advance(3700)
    now = shop.application.process.clock()
    ages = [KEPT + timedelta(minutes=number) for number in range(1, 1101)] + [KEPT - timedelta(hours=2)] * 3

    async def insert() -> None:
        await OrderEvent.all().delete()
        await OrderEvent.bulk_create(
            [
                OrderEvent(id=new_id(Prefix.EVENT, at), order_id=order["id"], what="query", detail="NOTPAY", at=at)
                for at in (now - age for age in ages)
            ]
        )

    await shop.units.run(insert)
    # when
    _ = await sweep(shop)
    # then
    left = [line for line in await shop.read(OrderEvent.all) if line.at < now - timedelta(days=1)]
    assert [line.at for line in left] == [now - KEPT + timedelta(hours=2)] * 3


async def a_notice(shop: Shop, order_id: str, content: dict[str, Any], at: datetime) -> str:
    """The id of one more notification, as it was settled beside the deletion."""
    notice_id = new_id(Prefix.NOTICE, datetime.now(UTC))
    body = shop.application.process.receiving._cipher.seal(json.dumps(content))

    async def insert() -> Notice:
        return await Notice.create(
            id=notice_id,
            notification_id=notice_id,
            event_type="REFUND.SUCCESS",
            order_id=order_id,
            body=body,
            received_at=at,
        )

    return (await shop.units.run(insert)).id


async def test_what_came_while_an_account_was_deleted_is_stripped_later(shop: Shop) -> None:
    # given
    gone, stays, tea = await shop.buyer(), await shop.buyer(), await shop.product()
    orders = [await shop.paid(buyer, tea, remark="请放门口") for buyer in (gone, stays)]
    deleted = await do(shop, DELETE_ACCOUNT, gone.token, code=await shop.code(gone.openid))
    assert deleted["__typename"] == "DeleteAccountSuccess"
    at = (await shop.read(lambda: User.get(id=gone.user_id))).deleted_at
    assert at is not None
    content = {"payer": {"openid": gone.openid}}
    late = [await a_notice(shop, orders[0]["id"], content, at + timedelta(seconds=number)) for number in (-2, 3)]
    before = {notice.id: notice.body for notice in await shop.read(Notice.all)}
    body = shop.application.process.receiving._cipher.seal(json.dumps(content))

    async def come_back() -> None:
        assert await Order.filter(id=orders[0]["id"]).update(prepay_body=body, remark="放门口") == 1

    await shop.units.run(come_back)
    other = (await shop.row(orders[1]["id"])).prepay_body
    # when
    await shop.advance(3700)
    _ = await sweep(shop)
    # then
    cipher = shop.application.process.receiving._cipher
    after = {notice.id: notice.body for notice in await shop.read(Notice.all)}
    assert {key for key in after if after[key] != before[key]} == set(late)
    assert [json.loads(cipher.open(after[key])).keys() for key in late] == [{"number", "event", "at"}] * 2
    row = await shop.row(orders[0]["id"])
    assert (bool(row.remark), json.loads(cipher.open(row.prepay_body)).keys()) == (
        False,
        {"number", "total", "createdAt"},
    )
    row = await shop.row(orders[1]["id"])
    assert (row.remark, row.prepay_body) == ("请放门口", other)
    # when: nothing is left to do
    await shop.advance(3700)
    _ = await sweep(shop)
    # then
    assert {notice.id: notice.body for notice in await shop.read(Notice.all)} == after
