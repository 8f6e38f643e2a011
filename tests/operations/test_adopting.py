"""`appletql orders sync ORDER --refund NUMBER`: a refund of WeChat's console becomes known, the order free again."""

from pathlib import Path
from typing import Any

import pytest

from tests.operations.steps import serving_command
from tests.shop import Shop

pytestmark = pytest.mark.anyio

UNKNOWN = "9" * 28


async def refunded_unseen(shop: Shop, amount: int = 500) -> tuple[dict[str, Any], str]:
    """An order of 1250 fen, and the number of a refund of it that is known to be there and not by its number."""
    await shop.notifications("normal")
    order = await shop.paid(buyer := await shop.buyer(), await shop.product(1250))
    await shop.notifications("drop")
    made = await shop.order("console/refund", {"outTradeNo": order["number"], "amount": amount})
    await shop.advance(40)
    await shop.delivered()
    await shop.sync(buyer, order["id"])
    [payment] = await shop.payments(order["id"])
    assert payment.is_refund_unknown
    return order, str(made["outRefundNo"])


async def state_of(shop: Shop, order: dict[str, Any]) -> tuple[Any, ...]:
    [payment] = await shop.payments(order["id"])
    refunds = [(it.number, it.source, it.status) for it in await shop.refund_rows(order["id"])]
    return payment.is_refund_unknown, payment.refunded, refunds, await shop.ledger(order["id"])


async def test_it_becomes_known_and_the_order_can_be_refunded_again(shop: Shop, tmp_path: Path) -> None:
    # given
    order, number = await refunded_unseen(shop)
    refused = await shop.refund(await shop.operator(), order["id"], 100)
    # when
    done = await serving_command(shop, tmp_path, "orders", "sync", order["number"], "--refund", number)
    again = await serving_command(shop, tmp_path, "orders", "sync", order["id"], "--refund", number)
    # then
    assert refused["__typename"] != "RefundOrderSuccess"
    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert f"{order['number']}: new -> refund {number} SUCCESS" in done.stdout.splitlines()
    assert f"{order['number']}: PAID -> PARTIALLY_REFUNDED" in done.stdout.splitlines()
    assert again.stdout == "1 order asked about, 0 changed\n"
    assert await state_of(shop, order) == (False, 500, [(number, "console", "SUCCESS")], [1250, -500])
    accepted = await shop.refund(await shop.operator(), order["id"], 100)
    assert accepted["__typename"] == "RefundOrderSuccess"


async def test_another_number_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    # given
    order, _ = await refunded_unseen(shop)
    _, of_another = await refunded_unseen(shop)
    before = await state_of(shop, order)
    # when
    unknown = await serving_command(shop, tmp_path, "orders", "sync", order["id"], "--refund", UNKNOWN)
    another = await serving_command(shop, tmp_path, "orders", "sync", order["id"], "--refund", of_another)
    malformed = await serving_command(shop, tmp_path, "orders", "sync", order["id"], "--refund", "退款")
    nowhere = await serving_command(shop, tmp_path, "orders", "sync", "2" * 20, "--refund", of_another)
    # then
    told = [done.stderr.splitlines()[-1] for done in (unknown, malformed, another, nowhere)]
    assert told == [
        "appletql: WeChat knows no refund of this number",
        "appletql: WeChat knows no refund of this number",
        "appletql: WeChat says that this refund is not of this order",
        "appletql: there is no order of this number or id",
    ]
    assert [done.returncode for done in (unknown, malformed, another, nowhere)] == [1] * 4
    assert await state_of(shop, order) == before


@pytest.mark.parametrize("orders", [["--pending"], ["1", "2"]], ids=["pending", "two"])
async def test_a_refund_is_of_one_order(shop: Shop, tmp_path: Path, orders: list[str]) -> None:
    done = await serving_command(shop, tmp_path, "orders", "sync", *orders, "--refund", UNKNOWN)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "Error: --refund goes with one order"
