"""Many paid orders and refunds at once: the same rows here and in the sandbox's books."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.ids import Prefix, new_id
from models.accounts import User
from models.ledger import LedgerEntry
from models.orders import Order
from models.payments import Payment, Refund
from sandbox.pay.keys import MCHID
from sandbox.pay.rows import PayOrder, Transaction
from sandbox.pay.rows import Refund as SandboxRefund
from tests.reconciliation.days import now
from tests.shop import Shop

PRICE = 1250
PART = 400
_AT_ONCE = 500


@dataclass(frozen=True)
class Sold:
    """The numbers of one order; `out_refund_no` where a part of it went back."""

    place: int
    order_id: str
    number: str
    transaction_id: str
    refund_id: str | None

    @property
    def out_refund_no(self) -> str:
        assert self.refund_id is not None
        return self.refund_id


async def sell(shop: Shop, count: int, refunds: int) -> list[Sold]:
    """So many paid orders from now on, one a second; of the first ones a part went back a minute later."""
    start = now(shop).replace(microsecond=0)
    user_id = new_id(Prefix.USER, start)
    sold = [_sold(place, start, is_refunded=place < refunds) for place in range(count)]

    async def insert_user() -> None:
        user = await User.create(id=user_id, created_at=start)
        assert user.id == user_id

    await shop.units.run(insert_user)
    for first in range(0, count, _AT_ONCE):
        await shop.units.run(_insert, sold[first : first + _AT_ONCE], start, user_id, shop.appids[0])
    for each in sold:
        _enter(shop, each, start)
    return sold


def _sold(place: int, start: datetime, *, is_refunded: bool) -> Sold:
    at = start + timedelta(seconds=place)
    refund_id = new_id(Prefix.REFUND, at) if is_refunded else None
    return Sold(place, new_id(Prefix.ORDER, at), f"2026{place:016}", f"4200{place:024}", refund_id)


async def _insert(sold: list[Sold], start: datetime, user_id: str, appid: str) -> None:
    """Orders, payments, refunds and the ledger."""
    payments = {each.order_id: new_id(Prefix.PAYMENT, start) for each in sold}
    await Order.bulk_create([_order(each, start, user_id, appid) for each in sold])
    await Payment.bulk_create([_payment(each, payments[each.order_id], start) for each in sold])
    await Refund.bulk_create([_refund(each, payments[each.order_id], start) for each in sold if each.refund_id])
    entries: list[LedgerEntry] = []
    for each in sold:
        entries.append(_entry(each, payments[each.order_id], PRICE, f"pay:{each.transaction_id}", start))
        if each.refund_id:
            entries.append(_entry(each, payments[each.order_id], -PART, f"refund:{each.refund_id}", start))
    await LedgerEntry.bulk_create(entries)


def _order(sold: Sold, start: datetime, user_id: str, appid: str) -> Order:
    at = start + timedelta(seconds=sold.place)
    back: dict[str, Any] = {"refunded": PART, "status": "PARTIALLY_REFUNDED"} if sold.refund_id else {"status": "PAID"}
    return Order(
        id=sold.order_id,
        user_id=user_id,
        number=sold.number,
        idempotency_key=sold.number,
        input_hash="",
        mchid=MCHID,
        appid=appid,
        payer="",
        total=PRICE,
        prepay_body="",
        created_at=at,
        expires_at=at,
        paid_at=at,
        **back,
    )


def _payment(sold: Sold, payment_id: str, start: datetime) -> Payment:
    at = start + timedelta(seconds=sold.place)
    back = PART if sold.refund_id else 0
    return Payment(
        id=payment_id,
        order_id=sold.order_id,
        transaction_id=sold.transaction_id,
        kind="order",
        total=PRICE,
        reserved=back,
        refunded=back,
        parts=int(bool(back)),
        paid_at=at,
        created_at=at,
    )


def _refund(sold: Sold, payment_id: str, start: datetime) -> Refund:
    at = start + timedelta(seconds=sold.place + 60)
    return Refund(
        id=sold.out_refund_no,
        payment_id=payment_id,
        order_id=sold.order_id,
        number=sold.out_refund_no,
        source="operator",
        key=sold.number,
        amount=PART,
        body="",
        status="SUCCESS",
        refund_id=f"5030{sold.place:024}",
        created_at=at,
        completed_at=at + timedelta(seconds=30),
    )


def _entry(sold: Sold, payment_id: str, amount: int, reference: str, start: datetime) -> LedgerEntry:
    at = start + timedelta(seconds=sold.place)
    return LedgerEntry(
        id=new_id(Prefix.LEDGER_ENTRY, at),
        order_id=sold.order_id,
        payment_id=payment_id,
        amount=amount,
        reference=reference,
        happened_at=at,
        created_at=at,
    )


def _enter(shop: Shop, sold: Sold, start: datetime) -> None:
    """Into the sandbox's books."""
    wechat, at = shop.sandbox.wechat, start.timestamp() + sold.place
    wechat.state.orders[sold.number] = PayOrder(
        out_trade_no=sold.number,
        appid=shop.appids[0],
        openid="o-bulk",
        description="一件商品",
        total=PRICE,
        currency="CNY",
        notify_url="http://127.0.0.1:9/",
        attach=None,
        device_id=None,
        parameters="",
        created_at=at,
        payable_until=at,
        transaction_ids=[sold.transaction_id],
    )
    wechat.state.transactions[sold.transaction_id] = Transaction(
        sold.transaction_id, sold.number, "o-bulk", PRICE, "CNY", at, refunded=sold.refund_id is not None
    )
    if sold.refund_id is not None:
        wechat.state.refunds[sold.refund_id] = SandboxRefund(
            out_refund_no=sold.refund_id,
            refund_id=f"5030{sold.place:024}",
            transaction_id=sold.transaction_id,
            out_trade_no=sold.number,
            amount=PART,
            total=PRICE,
            currency="CNY",
            reason=None,
            notify_url=None,
            parameters="",
            created_at=at + 60,
            due_at=at + 90,
            status="SUCCESS",
            success_at=at + 90,
        )
