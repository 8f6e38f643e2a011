"""Acceptance 6: every fault of the wire, at every call; afterwards this server knows what WeChat knows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.audits import assert_sound
from tests.databases import Databases
from tests.orders.asking import forget_failures, orders_of
from tests.shop import CLOSE_PATH, PREPAY_PATH, QUERY_PATH, REFUND_PATH, REFUND_QUERY_PATH, Buyer, Shop, open_shop

pytestmark = pytest.mark.anyio

LATE = ("delay:20", "drip")
FAULTS = (
    *("http:500", "http:429", "http:502", "reset", "reset-after", "bad-signature", "garbage", "signtest"),
    *LATE,
)
_OFTEN = 1000
UNKNOWN = ("WeChatProblem", "WECHAT_UNAVAILABLE", "RETRY")


@pytest.fixture(scope="module")
async def impatient_shop(shared_databases: Databases) -> AsyncIterator[Shop]:
    """One that waits for WeChat no longer than answers take that come at all."""
    async with open_shop(shared_databases.fresh(), wechat_timeout=0.8) as shop:
        yield shop
        await assert_sound(shop.database_url)


@dataclass
class Trade:
    """One order between its buyer and an operator; `step` is told the fault."""

    shop: Shop
    buyer: Buyer
    operator: Buyer
    out_trade_no: str = ""

    async def meet(self, fault: str, path: str) -> None:
        """From now on, however often it is tried; only what a test waits for may change what a fault left."""
        faults = [{"path": path, "fault": fault, "times": _OFTEN}]
        await self.shop.order("faults", {"faults": faults, "notifications": "drop"}, "PUT")

    async def prepay(self, fault: str) -> None:
        # given
        tea = await self.shop.product(stock=3)
        await self.meet(fault, PREPAY_PATH)
        # when
        assert problem(await self.shop.create(self.buyer, tea, key="k")) == UNKNOWN
        await self.end_fault()
        # then: neither sold nor given up
        order = (await orders_of(self.shop, self.buyer.user_id))[-1]
        assert (order.status, order.prepay_id, await self.shop.stock(tea)) == ("PENDING", None, 2)
        # when it is repeated
        made = await self.shop.ordered(self.buyer, tea, key="k")
        # then
        assert (made["order"]["id"], made["order"]["number"]) == (order.id, order.number)
        assert await self.shop.phone(self.buyer, made["paymentParams"], "cancel") == "requestPayment:fail cancel"
        assert (await self.states(order.id), await self.shop.stock(tea)) == (("PENDING", "NOTPAY"), 2)

    async def query(self, fault: str) -> None:
        # given: paid, and nobody told this server
        order_id, params = await self.ordered()
        await self.meet(fault, QUERY_PATH)
        assert await self.shop.phone(self.buyer, params) == "requestPayment:ok"
        # when
        assert problem(await self.shop.sync(self.buyer, order_id)) == UNKNOWN
        await self.end_fault()
        # then
        assert await self.states(order_id) == ("PENDING", "SUCCESS")
        assert await self.shop.ledger(order_id) == []
        # when it is asked again
        await self.shop.advance(2)
        synced = await self.shop.sync(self.buyer, order_id)
        # then
        assert (synced["__typename"], synced["order"]["status"]) == ("SyncOrderSuccess", "PAID")
        assert await self.states(order_id) == ("PAID", "SUCCESS")
        assert await self.shop.ledger(order_id) == [1250]

    async def close(self, fault: str) -> None:
        # given
        order_id, params = await self.ordered()
        await self.meet(fault, CLOSE_PATH)
        # when
        assert problem(await self.shop.cancel(self.buyer, order_id)) == UNKNOWN
        await self.end_fault()
        # then: nothing is given back, and nothing out
        assert (await self.shop.row(order_id)).status == "PENDING"
        assert (await self.shop.pay(self.buyer, order_id))["code"] == "ORDER_NOT_PAYABLE"
        # when it is repeated
        cancelled = await self.shop.cancel(self.buyer, order_id)
        # then
        assert (cancelled["__typename"], cancelled["order"]["status"]) == ("CancelOrderSuccess", "CLOSED")
        assert await self.states(order_id) == ("CLOSED", "CLOSED")
        assert "closed" in await self.shop.phone(self.buyer, params)

    async def refund(self, fault: str) -> None:
        await self.refund_at(fault, REFUND_PATH)

    async def query_refund(self, fault: str) -> None:
        await self.refund_at(fault, REFUND_QUERY_PATH)

    async def refund_at(self, fault: str, path: str) -> None:
        # given
        order_id, params = await self.ordered()
        assert await self.shop.phone(self.buyer, params) == "requestPayment:ok"
        await self.shop.delivered()
        await self.meet(fault, path)
        # when
        results = [await self.shop.refund(self.operator, order_id, 500, key="k") for _ in range(2)]
        await self.end_fault()
        # then: it is reserved, and not yet given back
        for result in results:
            assert (result["__typename"], result["refund"]["status"]) == ("RefundOrderSuccess", "PROCESSING")
            assert (result["order"]["status"], result["order"]["refunded"]["amount"]) == ("PAID", 0)
        assert results[0]["refund"]["id"] == results[1]["refund"]["id"]
        # when it is asked about until it is there, at the pace that WeChat allows
        for _ in range(2):
            await self.shop.advance(66)
            synced = await self.shop.sync(self.operator, order_id)
        # then
        assert synced["__typename"] == "SyncOrderSuccess"
        assert await self.states(order_id) == ("PARTIALLY_REFUNDED", "REFUND")
        at_wechat = [each for each in (await self.shop.state())["refunds"] if each["outTradeNo"] == self.out_trade_no]
        [refund] = await self.shop.refund_rows(order_id)
        assert [(each["outRefundNo"], each["status"], each["amount"]) for each in at_wechat] == [
            (refund.number, refund.status, refund.amount)
        ]
        assert (refund.status, await self.shop.ledger(order_id)) == ("SUCCESS", [1250, -500])

    async def end_fault(self) -> None:
        [fault] = (await self.shop.state())["faults"]["faults"]
        assert fault["times"] < _OFTEN
        await self.shop.notifications("drop")

    async def ordered(self) -> tuple[str, Any]:
        await self.shop.notifications("normal")
        made = await self.shop.ordered(self.buyer, await self.shop.product())
        self.out_trade_no = made["order"]["number"]
        return made["order"]["id"], made["paymentParams"]

    async def states(self, order_id: str) -> tuple[str, str]:
        """The order's here, and at WeChat."""
        row = await self.shop.row(order_id)
        return row.status, (await self.shop.at_wechat(row.number))["tradeState"]


def problem(result: dict[str, Any]) -> tuple[Any, ...]:
    return result["__typename"], result.get("code"), result.get("recovery")


CALLS: dict[str, Callable[[Trade, str], Awaitable[None]]] = {
    "prepay": Trade.prepay,
    "query": Trade.query,
    "close": Trade.close,
    "refund": Trade.refund,
    "query-refund": Trade.query_refund,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in LATE])
async def test_rule_12_after_a_fault_and_one_repair_both_sides_agree(shop: Shop, fault: str, call: str) -> None:
    await CALLS[call](Trade(shop, await shop.buyer(), await shop.operator()), fault)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", LATE)
async def test_rule_12_after_an_answer_too_late_and_one_repair_both_sides_agree(
    impatient_shop: Shop, fault: str, call: str
) -> None:
    forget_failures(impatient_shop)
    await impatient_shop.notifications("normal")

    await CALLS[call](Trade(impatient_shop, await impatient_shop.buyer(), await impatient_shop.operator()), fault)
