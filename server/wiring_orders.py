"""Wires orders and payments together; a part of the composition root with a life of its own: work in the background."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from domain.clock import Clock
from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from server.serving_end import Ending
from services.background import Background
from services.keyed_hashes import KeyedHashes
from services.orders.buying import Buying
from services.orders.closing import Closing
from services.orders.placing import Placing
from services.orders.prepaying import Prepaying
from services.orders.reading import OrderReading
from services.orders.refunding import Refunding
from services.orders.syncing import Syncing
from services.orders.views import OrderViews
from services.payments.asking import Asking
from services.payments.pay_access import PayAccess
from services.payments.receiving import Receiving
from services.payments.refund_sending import RefundSending
from services.payments.refund_settling import RefundSettling
from services.payments.refunds import Refunds
from services.payments.resolving import Resolving
from services.payments.settling import Settling
from services.payments.storied_pay import StoriedPay
from services.payments.story import Story
from services.reconciliation.reconciling import Reconciling
from wechat.pay.client import Pay


@dataclass(frozen=True)
class Terms:
    """Where WeChat sends its notifications, how long an order may be paid, and the mini programs that sell."""

    notify_url: str
    order_life: timedelta
    appids: Sequence[str]


@dataclass(frozen=True)
class Orders:
    """What the floors above, notifications, the worker and the commands use."""

    buying: Buying
    refunding: Refunding
    reading: OrderReading
    receiving: Receiving
    closing: Closing
    access: PayAccess
    asking: Asking
    syncing: Syncing
    settling: Settling
    refund_settling: RefundSettling
    refund_sending: RefundSending
    reconciling: Reconciling
    resolving: Resolving


@asynccontextmanager
async def open_orders(
    units: UnitsOfWork, pay: Pay | None, terms: Terms, cipher: Cipher, hashes: KeyedHashes, clock: Clock, ending: Ending
) -> AsyncIterator[Orders]:
    """At the end, prepays, questions and refunds that are under way are waited for."""
    background = Background()
    storied = None if pay is None else StoriedPay(pay, Story(units, background, clock))
    access = PayAccess(storied, terms.notify_url, terms.order_life)
    settling = Settling(units, hashes, clock, access.notify_url)
    refund_settling = RefundSettling(units, clock, access.notify_url)
    refund_sending = RefundSending(units, access, refund_settling, clock)

    def begin_refund(refund_id: str) -> None:
        background.begin("system refund", refund_sending.pursue(refund_id))

    asking = Asking(access, settling, begin_refund)
    closing = Closing(units, access, asking, clock)
    prepaying = Prepaying(units, access, asking, closing, cipher, clock)
    syncing = Syncing(units, asking, closing, refund_sending, clock)
    views = OrderViews(units, clock)
    placing = Placing(units, cipher, hashes, clock, access)
    try:
        yield Orders(
            buying=Buying(units, access, placing, prepaying, closing, syncing, views),
            refunding=Refunding(Refunds(units, access, refund_sending, clock), views),
            reading=OrderReading(units, views),
            receiving=Receiving(units, access, settling, refund_settling, cipher, clock, begin_refund, terms.appids),
            closing=closing,
            access=access,
            asking=asking,
            syncing=syncing,
            settling=settling,
            refund_settling=refund_settling,
            refund_sending=refund_sending,
            reconciling=Reconciling(
                units, access, settling, refund_settling, clock, appids=terms.appids, begin_refund=begin_refund
            ),
            resolving=Resolving(units, access, refund_sending, clock),
        )
    finally:
        await ending.let_end_work("calls to WeChat Pay", prepaying.aclose, syncing.aclose, background.aclose)
