"""An offline WeChat without a server, its sender, and a merchant's server: what the tests of notifications share."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sandbox.apps import DEFAULT_APPS
from sandbox.faults import NotificationMode
from sandbox.offline_wechat import OfflineWeChat
from sandbox.pay.notices import payment_notice, refund_notice
from sandbox.pay.rows import Notification, PayOrder, Refund, Transaction
from sandbox.pay.sending import Sender
from tests.sandbox.pay.notices_receiver import Received, Receiver, receiving
from tests.sandbox.wire import START, RealTime

OPENID = "o" + "x" * 27


class NoticeWorld:
    """Times stand still unless a test moves them; amounts are in fen."""

    def __init__(self, receiver: Receiver, wechat: OfflineWeChat, sender: Sender, real_time: RealTime) -> None:
        self.receiver = receiver
        self.wechat = wechat
        self.sender = sender
        self.real_time = real_time

    @property
    def received(self) -> list[Received]:
        return self.receiver.received

    @property
    def notifications(self) -> list[Notification]:
        return list(self.wechat.state.notifications.values())

    def mode(self, mode: NotificationMode) -> None:
        self.wechat.faults.notifications = mode

    def order(self, number: str = "order-0001", url: str | None = None) -> PayOrder:
        """A paid order of 880 fen that WeChat has told nobody about."""
        order = PayOrder(
            out_trade_no=number,
            appid=DEFAULT_APPS[0].appid,
            openid=OPENID,
            description="Tea",
            total=880,
            currency="CNY",
            notify_url=self.receiver.url if url is None else url,
            attach="table 7",
            device_id=None,
            parameters="",
            created_at=START,
            payable_until=START + 1800,
            transaction_ids=[f"4200-{number}"],
        )
        self.wechat.state.orders[number] = order
        paid = Transaction(f"4200-{number}", number, OPENID, total=880, currency="CNY", paid_at=START + 5)
        self.wechat.state.transactions[paid.transaction_id] = paid
        return order

    def pay(self, number: str = "order-0001", url: str | None = None) -> PayOrder:
        """An order whose payment notice is queued."""
        order = self.order(number, url)
        payment_notice(self.wechat, order, self.wechat.state.transactions[order.transaction_ids[0]])
        return order

    def refund(
        self, order: PayOrder, status: str = "SUCCESS", *, url: str | None = None, console: bool = False
    ) -> Refund:
        """A refund of 300 fen that has come to its end, and whose notice is queued."""
        refund = Refund(
            out_refund_no=f"refund-{order.out_trade_no}",
            refund_id="5030-1",
            transaction_id=order.transaction_ids[0],
            out_trade_no=order.out_trade_no,
            amount=300,
            total=880,
            currency="CNY",
            reason=None,
            notify_url=url,
            parameters="",
            created_at=START,
            due_at=START,
            status=status,
            success_at=START + 65 if status == "SUCCESS" else None,
            console=console,
        )
        self.wechat.state.refunds[refund.out_refund_no] = refund
        refund_notice(self.wechat, order, refund)
        return refund

    async def idle(self) -> None:
        assert await self.sender.wait_idle(5)

    async def advance(self, seconds: float) -> None:
        self.wechat.clock.advance(seconds)
        await self.idle()


@asynccontextmanager
async def sending(wechat: OfflineWeChat, patience: float = 5.0) -> AsyncIterator[Sender]:
    """A running sender."""
    sender = Sender(wechat, patience=patience)
    wechat.pay.wake = sender.wake
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def open_world(patience: float = 5.0) -> AsyncIterator[NoticeWorld]:
    """All of it, at the START of frozen time."""
    real_time = RealTime()
    wechat = OfflineWeChat(real_time=real_time, randomness=random.Random(7))
    async with receiving(wechat.pay.merchant) as receiver, sending(wechat, patience) as sender:
        yield NoticeWorld(receiver, wechat, sender, real_time)
