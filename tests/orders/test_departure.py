"""Deleting an account with unpaid orders: they are closed before the code of wx.login is spent."""

import asyncio

import pytest

from models.accounts import Identity, User
from tests.accounts.operations import DELETE_ACCOUNT, do
from tests.audits import audited
from tests.operations.steps import pay_by_itself
from tests.orders.asking import forget_failures, money_rows
from tests.shop import CLOSE_PATH, Buyer, Shop, open_shop
from tests.world import ME, quiet

pytestmark = pytest.mark.anyio
CODE2SESSION = "/sns/jscode2session"
CLOSED_BY_DELETING = {"status", "closed_at", "close_wanted_at", "trade_state", "asked_at", "answered_at"}


async def kept_key(shop: Shop, buyer: Buyer) -> str:
    identity = await shop.read(lambda: Identity.get(openid=buyer.openid))
    return shop.application.process.receiving._cipher.open(identity.session_key)


async def code_of_a_new_key(shop: Shop, buyer: Buyer) -> tuple[str, str]:
    """A code of wx.login, and the session_key that it brings, which is not the one that is kept."""
    wechat = shop.sandbox.wechat
    person = wechat.state.users[buyer.openid]
    _ = wechat.people.replace_key(person)
    code = await shop.code(buyer.openid)
    assert person.session_key is not None
    return code, person.session_key


async def faults(shop: Shop, *planted: tuple[str, str]) -> None:
    await shop.order("faults", {"faults": [{"path": path, "fault": fault} for path, fault in planted]}, "PUT")


async def is_there(shop: Shop, buyer: Buyer) -> bool:
    row = await shop.read(lambda: User.get(id=buyer.user_id))
    return row.deleted_at is None and (await shop.ask(ME, buyer.token))["data"]["me"]["id"] == buyer.user_id


async def test_while_wechat_pay_is_down_the_code_is_not_spent(shop: Shop) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(stock=3)
    order = (await shop.ordered(buyer, tea, remark="请放门口"))["order"]
    code, spent, body = await shop.code(buyer.openid), await shop.calls(), (await shop.row(order["id"])).prepay_body
    await faults(shop, (CLOSE_PATH, "http:502"))
    # when
    refused = await do(shop, DELETE_ACCOUNT, buyer.token, code=code)
    # then
    assert (refused["code"], refused["recovery"]) == ("WECHAT_UNAVAILABLE", "RETRY")
    assert await shop.calls() == spent
    assert await is_there(shop, buyer)
    row = await shop.row(order["id"])
    assert (row.status, row.remark, row.prepay_body) == ("PENDING", "请放门口", body)
    # when: the same again
    await faults(shop)
    forget_failures(shop)
    deleted = await do(shop, DELETE_ACCOUNT, buyer.token, code=code)
    # then
    assert deleted["__typename"] == "DeleteAccountSuccess"
    assert ((await shop.row(order["id"])).status, await shop.stock(tea)) == ("CLOSED", 3)


async def test_the_key_of_a_code_is_kept_where_the_deletion_fails_after_it(shop: Shop) -> None:
    # given: while WeChat answers the code, an order is placed, and WeChat Pay goes down
    buyer, tea = await shop.buyer(), await shop.product()
    (code, key), before = await code_of_a_new_key(shop, buyer), await shop.calls()
    await faults(shop, (CODE2SESSION, "delay:2"), (CLOSE_PATH, "http:502"))
    # when
    deleting = asyncio.create_task(do(shop, DELETE_ACCOUNT, buyer.token, code=code))
    async with asyncio.timeout(10):
        while await shop.calls() == before:  # noqa: ASYNC110  (the sandbox tells nobody)
            await asyncio.sleep(0.01)
    order = (await shop.ordered(buyer, tea))["order"]
    refused = await deleting
    # then
    assert refused["code"] == "WECHAT_UNAVAILABLE"
    assert await is_there(shop, buyer)
    assert await kept_key(shop, buyer) == key
    assert (await shop.row(order["id"])).status == "PENDING"


async def test_the_key_of_another_persons_code_is_that_persons(shop: Shop) -> None:
    buyer, other = await shop.buyer(), await shop.buyer()
    (code, key), before = await code_of_a_new_key(shop, other), await kept_key(shop, buyer)

    refused = await do(shop, DELETE_ACCOUNT, buyer.token, code=code)

    assert refused["code"] == "LOGIN_CODE_INVALID"
    assert [await kept_key(shop, each) for each in (buyer, other)] == [before, key]
    assert await is_there(shop, buyer)
    assert await is_there(shop, other)


async def orders_of_every_life(shop: Shop, buyer: Buyer) -> dict[str, str]:
    """Their ids: paid, refunded in part and whole, paid after it was closed, closed, and one that is unpaid."""
    operator, tea = await shop.operator(), await shop.product()
    made = {name: (await shop.paid(buyer, tea, remark="请放门口"))["id"] for name in ("paid", "part", "whole")}
    for name, amount in (("part", 250), ("whole", None)):
        refund = await shop.refund(operator, made[name], amount, reason="a broken cup")
        assert refund["__typename"] == "RefundOrderSuccess"
    for name in ("late", "closed", "unpaid"):
        order = (await shop.ordered(buyer, tea, remark="请放门口"))["order"]
        made[name] = order["id"]
        if name != "unpaid":
            await shop.cancel(buyer, order["id"])
        if name == "late":
            await pay_by_itself(shop, order["number"])
    await quiet()
    await shop.advance(120)
    await shop.delivered()
    return made


async def test_deleting_an_account_leaves_every_amount_as_it_was(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        # given
        buyer = await shop.buyer()
        made = await orders_of_every_life(shop, buyer)
        before = await money_rows(shop)
        # when
        deleted = await do(shop, DELETE_ACCOUNT, buyer.token, code=await shop.code(buyer.openid))
        # then
        assert deleted["__typename"] == "DeleteAccountSuccess"
        after, unpaid = await money_rows(shop), made["unpaid"]
        assert {name: before["orders"][order_id]["status"] for name, order_id in made.items()} == {
            "paid": "PAID",
            "part": "PARTIALLY_REFUNDED",
            "whole": "REFUNDED",
            "late": "CLOSED",
            "closed": "CLOSED",
            "unpaid": "PENDING",
        }
        assert [len(rows) for rows in before.values()] == [6, 6, 4, 3, 7]
        closed = {name for name, value in after["orders"][unpaid].items() if value != before["orders"][unpaid][name]}
        assert {"status", "closed_at"} <= closed <= CLOSED_BY_DELETING
        assert after["orders"].pop(unpaid)["status"] == "CLOSED"
        del before["orders"][unpaid]
        assert after == before
        assert await audited(shop.units) == []
