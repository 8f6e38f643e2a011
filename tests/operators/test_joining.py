"""A join keeps who refunded: the refunds of both users are the older's."""

from datetime import datetime

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.orders import Order
from models.payments import Payment, Refund
from tests.accounts.test_joining import join, two_users
from tests.world import World

pytestmark = pytest.mark.anyio


async def refunded_by(user_id: str, buyer_id: str, now: datetime) -> None:
    """An order of the buyer that the user refunded."""
    order = await Order.create(
        id=new_id(Prefix.ORDER, now),
        user_id=buyer_id,
        number=user_id[-20:],
        idempotency_key=user_id,
        input_hash="",
        mchid="1900000001",
        appid="wx0",
        payer="",
        total=1,
        status="REFUNDED",
        prepay_body="",
        created_at=now,
        expires_at=now,
    )
    payment = await Payment.create(
        id=new_id(Prefix.PAYMENT, now),
        order=order,
        transaction_id=user_id,
        kind="order",
        total=1,
        paid_at=now,
        created_at=now,
    )
    refund = await Refund.create(
        id=new_id(Prefix.REFUND, now),
        payment=payment,
        order=order,
        operator_id=user_id,
        number=user_id,
        source="operator",
        key="the same",
        amount=1,
        body="",
        status="SUCCESS",
        created_at=now,
    )
    assert refund.operator_id == user_id


async def test_the_refunds_of_both_are_the_olders(world: World) -> None:
    users = await two_users(world)
    buyer = (await world.sign_in())["user"]["id"]
    older, younger = await world.read(lambda: User.exclude(id=buyer).order_by("id").values_list("id", flat=True))

    async def write() -> None:
        for user_id in (older, younger):
            await refunded_by(str(user_id), buyer, wire_clock())

    await world.units.run(write)
    await join(world, users)

    owners = await world.read(lambda: Refund.all().values_list("operator_id", flat=True))
    assert owners == [older, older]
