"""Steps of a purchase, for tests that run any sequence of them: what buyers, operators and WeChat do, one at a time.

Nothing happens by itself in between: notifications are held until a step lets them out, and background work is waited
for after each step. So a sequence that fails fails again, and can be made shorter.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.catalogue import Product
from models.orders import Order
from sandbox.pay.rows import PayOrder, Transaction
from sandbox.pay.rows import Refund as WeChatRefund
from tests.orders.asking import forget_failures
from tests.shop import Buyer, Shop
from tests.world import quiet

PRICE, STOCK = 1000, 50
SUCCESSES = ("CreateOrderSuccess", "PayOrderSuccess", "SyncOrderSuccess", "CancelOrderSuccess", "RefundOrderSuccess")
_DELIVERIES = 20


@dataclass
class Slot:
    """An order that the buyer knows of, or wanted to make; a refund's key keeps the amount of its first use."""

    key: str
    quantity: int | None = None
    order_id: str | None = None
    params: dict[str, str] | None = None
    amounts: dict[int, int | None] = field(default_factory=dict)


class Step(Protocol):
    """Something that somebody does; nothing where it cannot be done yet."""

    async def run(self, play: "Play") -> None: ...


@dataclass
class Play:
    """One buyer with goods of their own, in a shop that many share."""

    shop: Shop
    buyer: Buyer
    operator: Buyer
    product: Product
    slots: list[Slot]

    @classmethod
    async def begin(cls, shop: Shop, operator: Buyer, slots: int = 2) -> "Play":
        buyer, product = await shop.buyer(), await shop.product(PRICE, stock=STOCK)
        await shop.order("faults", {"faults": [], "notifications": "normal"}, "PUT")
        forget_failures(shop)
        return cls(shop, buyer, operator, product, [Slot(f"slot-{number}") for number in range(slots)])

    async def do(self, step: Step) -> None:
        """The step, and whatever work it began in the background."""
        await step.run(self)
        await quiet()

    async def orders(self) -> list[Order]:
        async def found() -> list[Order]:
            return await Order.filter(user_id=self.buyer.user_id).order_by("id")

        return await self.shop.read(found)

    async def number(self, slot: int) -> str | None:
        """The trade number, once WeChat knows the order."""
        order_id = self.slots[slot].order_id
        number = (await self.shop.row(order_id)).number if order_id else None
        return number if number in self.shop.sandbox.wechat.state.orders else None

    def at_wechat(self, order: Order) -> PayOrder | None:
        return self.shop.sandbox.wechat.state.orders.get(order.number)

    def transactions(self, order: Order) -> list[Transaction]:
        """WeChat's, oldest first."""
        known, state = self.at_wechat(order), self.shop.sandbox.wechat.state
        return [state.transactions[transaction_id] for transaction_id in known.transaction_ids] if known else []

    def refunds(self, order: Order) -> list[WeChatRefund]:
        """WeChat's."""
        return [it for it in self.shop.sandbox.wechat.state.refunds.values() if it.out_trade_no == order.number]

    def is_lost(self, kind: str, name: str, number: str) -> bool:
        """Whether WeChat's notification of this payment or refund was never sent."""
        notices = self.shop.sandbox.wechat.state.notifications.values()
        found = [it for it in notices if it.original_type == kind and it.resource.get(name) == number]
        return bool(found) and all(it.done and not it.attempts for it in found)

    def is_awaited(self, order: Order) -> bool:
        """Whether WeChat has still something to tell of the order."""
        wechat = self.shop.sandbox.wechat
        notices = [it for it in wechat.state.notifications.values() if it.resource.get("out_trade_no") == order.number]
        return not all(it.done for it in notices) or any(it.status == "PROCESSING" for it in self.refunds(order))

    async def settle(self) -> None:
        """Faults gone, notifications as usual, nobody at the cashier; time passes, and every order is synced."""
        await Notices("normal", forget_faults=True).run(self)
        forget_failures(self.shop)
        orders = await self.orders()
        for known in filter(None, map(self.at_wechat, orders)):
            known.paying = False
        await pass_time(self.shop, 1900)
        for pause in (70, 70, 70, 70, 300, 700, 1300, 1300, 1900, 1900, 1900, 3700):
            await self.do(Deliver())
            for order in orders:
                result = await self.shop.sync(self.buyer, order.id)
                assert result["__typename"] == "SyncOrderSuccess", result
            await quiet()
            await self.do(Deliver())
            if await self._is_settled():
                break
            await pass_time(self.shop, pause)

    async def _is_settled(self) -> bool:
        orders = await self.orders()
        refunds = [refund for order in orders for refund in await self.shop.refund_rows(order.id)]
        is_open = any(order.status == "PENDING" for order in orders) or any(it.status == "PROCESSING" for it in refunds)
        return not is_open and not any(self.is_awaited(order) for order in orders)


async def pass_time(shop: Shop, seconds: float) -> None:
    """Time passes, also for a server that was too busy to look at the sandbox's clock, and leaves it alone since."""
    await shop.advance(seconds)
    clock = shop.application.process.sandbox_clock
    assert clock is not None
    async with asyncio.timeout(30):
        while clock._clock.offset.total_seconds() != shop.sandbox.wechat.clock.offset:
            clock._rest_until = 0.0
            await clock.follow()


@asynccontextmanager
async def held_notifications(shop: Shop) -> AsyncIterator[None]:
    """WeChat tells nobody anything until a Deliver step."""
    await _hold(shop)
    try:
        yield
    finally:
        _let_go(shop)


async def _hold(shop: Shop) -> None:
    sender = shop.sandbox.wechat.pay.sender
    assert sender is not None
    for _ in range(_DELIVERIES):
        await sender._slots.acquire()


def _let_go(shop: Shop) -> None:
    sender = shop.sandbox.wechat.pay.sender
    assert sender is not None
    for _ in range(_DELIVERIES):
        sender._slots.release()


@dataclass(frozen=True)
class Create:
    """createOrder; once more, the same with the same key."""

    slot: int
    quantity: int

    async def run(self, play: Play) -> None:
        slot = play.slots[self.slot]
        slot.quantity = slot.quantity or self.quantity
        result = await play.shop.create(play.buyer, play.product, quantity=slot.quantity, key=_key(play, slot))
        _answered(slot, result, "ORDER_NOT_PAYABLE")


@dataclass(frozen=True)
class Pay:
    """payOrder."""

    slot: int

    async def run(self, play: Play) -> None:
        slot = play.slots[self.slot]
        if slot.order_id is not None:
            _answered(slot, await play.shop.pay(play.buyer, slot.order_id), "ORDER_NOT_PAYABLE")


@dataclass(frozen=True)
class Phone:
    """wx.requestPayment with the parameters that the phone was given last."""

    slot: int
    outcome: str

    async def run(self, play: Play) -> None:
        params = play.slots[self.slot].params
        if params is not None:
            await play.shop.phone(play.buyer, params, self.outcome)


@dataclass(frozen=True)
class Sync:
    """syncOrder."""

    slot: int

    async def run(self, play: Play) -> None:
        slot = play.slots[self.slot]
        if slot.order_id is not None:
            _answered(slot, await play.shop.sync(play.buyer, slot.order_id))


@dataclass(frozen=True)
class Cancel:
    """cancelOrder."""

    slot: int

    async def run(self, play: Play) -> None:
        slot = play.slots[self.slot]
        if slot.order_id is not None:
            _answered(slot, await play.shop.cancel(play.buyer, slot.order_id), "ORDER_NOT_CANCELLABLE")


@dataclass(frozen=True)
class Refund:
    """refundOrder by an operator, `amount` in fen; once more with a key, the same refund."""

    slot: int
    key: int
    amount: int | None

    async def run(self, play: Play) -> None:
        slot = play.slots[self.slot]
        if slot.order_id is None:
            return
        amount = slot.amounts.get(self.key, self.amount)
        result = await play.shop.refund(play.operator, slot.order_id, amount, key=f"refund-{self.key}")
        _answered(slot, result, "REFUND_NOT_ALLOWED")
        if result["__typename"] == "RefundOrderSuccess":
            slot.amounts[self.key] = amount


@dataclass(frozen=True)
class ConsoleRefund:
    """Somebody refunds in WeChat's own console, as far as WeChat lets them."""

    slot: int
    amount: int

    async def run(self, play: Play) -> None:
        number = await play.number(self.slot)
        if number is not None:
            body = {"outTradeNo": number, "amount": self.amount}
            answer = await play.shop.control.post("/_sandbox/console/refund", json=body)
            assert answer.status_code in (200, 400, 404), answer.text


@dataclass(frozen=True)
class LatePayment:
    """Money for the order, whatever its state."""

    slot: int

    async def run(self, play: Play) -> None:
        number = await play.number(self.slot)
        if number is not None:
            await play.shop.order("payments", {"outTradeNo": number})


@dataclass(frozen=True)
class Notices:
    """How WeChat's notifications travel from now on."""

    mode: str
    forget_faults: bool = False

    async def run(self, play: Play) -> None:
        left = [] if self.forget_faults else play.shop.sandbox.wechat.faults.to_json()["faults"]
        await play.shop.order("faults", {"faults": left, "notifications": self.mode}, "PUT")


@dataclass(frozen=True)
class Fault:
    """What goes wrong on a path of WeChat Pay, so many times, in place of any other fault."""

    path: str
    fault: str
    times: int

    async def run(self, play: Play) -> None:
        mode = play.shop.sandbox.wechat.faults.notifications.value
        faults = [{"path": self.path, "fault": self.fault, "times": self.times}]
        await play.shop.order("faults", {"faults": faults, "notifications": mode}, "PUT")


@dataclass(frozen=True)
class Deliver:
    """Every notification that is due goes out."""

    async def run(self, play: Play) -> None:
        _let_go(play.shop)
        try:
            await play.shop.delivered()
        finally:
            await _hold(play.shop)


@dataclass(frozen=True)
class Advance:
    """Time passes."""

    seconds: int

    async def run(self, play: Play) -> None:
        await pass_time(play.shop, self.seconds)


@dataclass(frozen=True)
class AtOnce:
    """Several at the same time."""

    steps: tuple[Step, ...]

    async def run(self, play: Play) -> None:
        await asyncio.gather(*(step.run(play) for step in self.steps))


def _key(play: Play, slot: Slot) -> str:
    return f"{slot.key}-{play.buyer.user_id}"


def _answered(slot: Slot, result: dict[str, Any], *codes: str) -> None:
    """Keeps what the answer tells; anything but a success, one of the codes or WeChat's own trouble is a failure."""
    if result["__typename"] == "WeChatProblem":
        assert result["code"] in ("WECHAT_UNAVAILABLE", "WECHAT_REJECTED"), result
        return
    assert result["__typename"] in SUCCESSES or result.get("code") in codes, result
    slot.order_id = result["order"]["id"] if "order" in result else slot.order_id
    slot.params = result.get("paymentParams") or slot.params
