"""Somebody with thousands of orders: export and deletion take a few statements, not some for each order."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ids import Prefix, new_id
from domain.orders import JOINED_KEY
from models.accounts import User
from models.catalogue import Product
from models.encryption import Cipher
from models.notices import Notice
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from services.orders.stripping import Stripped, Stripping
from tests.accounts.operations import DELETE_ACCOUNT, EXPORT, do
from tests.accounts.test_joining import join, two_users
from tests.catalogue.statements import counted
from tests.orders.asking import money_rows
from tests.world import ME, World, error_codes

pytestmark = pytest.mark.anyio
MANY = 2000
START = datetime(2026, 1, 1, tzinfo=UTC)
REMARK = "请放门口"
BEYOND_ONE_STATEMENT = 33_000
"""PostgreSQL takes 32,767 values with a statement."""


@dataclass
class Regular:
    """A customer of long standing."""

    openid: str
    token: str
    user_id: str


def cipher_of(world: World) -> Cipher:
    found = world.application.process.receiving._cipher
    assert isinstance(found, Cipher)
    return found


def an_order(user_id: str, place: int, sealed: str, **given: Any) -> Order:
    at = START + timedelta(seconds=place)
    known = {
        "id": new_id(Prefix.ORDER, at),
        "user_id": user_id,
        "number": f"2026{place:016}",
        "idempotency_key": f"k-{place}",
        "input_hash": "",
        "mchid": "1900000109",
        "appid": "wx0000000000000001",
        "payer": "hash",
        "total": 1250,
        "refunded": 400,
        "remark": REMARK,
        "status": "PARTIALLY_REFUNDED",
        "prepay_body": sealed,
        "created_at": at,
        "expires_at": at,
        "paid_at": at,
    }
    return Order(**(known | given))


async def regular(world: World, held: int = 0) -> Regular:
    """Everything but the last `held` orders is over; those wait for the operator's decision."""
    openid = await world.person()
    signed_in = await world.sign_in(openid)
    user_id = signed_in["user"]["id"]
    sealed = cipher_of(world).seal(json.dumps({"payer": {"openid": openid}, "description": "茶"}))
    waiting = {"status": "PENDING", "held_at": START, "paid_at": None, "refunded": 0}
    orders = [an_order(user_id, place, sealed, **(waiting if place >= MANY - held else {})) for place in range(MANY)]

    async def insert() -> None:
        tea = await Product.create(id=new_id(Prefix.PRODUCT, START), title="茶", price=1250, created_at=START)
        await Order.bulk_create(orders)
        await OrderItem.bulk_create([an_item(order, place, tea.id) for order in orders for place in (0, 1)])
        payments = [a_payment(order) for order in orders]
        await Payment.bulk_create(payments)
        await Refund.bulk_create([a_refund(payment) for payment in payments])
        await Notice.bulk_create([a_notice(order, sealed) for order in orders])

    await world.units.run(insert)
    return Regular(openid, signed_in["token"], user_id)


def an_item(order: Order, place: int, product_id: str) -> OrderItem:
    title, item_id = f"{order.number}-{place}", new_id(Prefix.ITEM, START)
    return OrderItem(
        id=item_id, order_id=order.id, product_id=product_id, place=place, title=title, unit_price=625, quantity=1
    )


def a_payment(order: Order) -> Payment:
    return Payment(
        id=new_id(Prefix.PAYMENT, START),
        order_id=order.id,
        transaction_id=f"4200{order.number}",
        kind="order",
        total=1250,
        refunded=400,
        paid_at=START,
        created_at=START,
    )


def a_refund(payment: Payment) -> Refund:
    number = f"R{payment.transaction_id}"
    return Refund(
        id=new_id(Prefix.REFUND, START),
        payment_id=payment.id,
        order_id=payment.order_id,
        number=number,
        source="operator",
        key=number,
        amount=400,
        body="",
        status="SUCCESS",
        created_at=START,
    )


def a_notice(order: Order, sealed: str) -> Notice:
    return Notice(
        id=new_id(Prefix.NOTICE, START),
        notification_id=f"N{order.number}",
        event_type="TRANSACTION.SUCCESS",
        order_id=order.id,
        body=sealed,
        received_at=START,
    )


async def test_thousands_of_orders_are_exported_by_a_few_statements(world: World) -> None:
    # given
    buyer = await regular(world)
    # when
    with counted() as statements:
        answer = await world.ask(EXPORT, buyer.token)
    # then
    orders = answer["data"]["exportMyData"]["orders"]
    assert len(statements) <= 30
    assert [order["number"] for order in orders] == [f"2026{place:016}" for place in range(MANY)]
    number = orders[777]["number"]
    order_id = (await world.read(lambda: Order.get(number=number))).id
    refund_id = (await world.read(lambda: Refund.get(order_id=order_id))).id
    tea = (await world.read(lambda: Product.get(title="茶"))).id
    assert orders[777] == {
        "id": order_id,
        "number": number,
        "appid": "wx0000000000000001",
        "status": "PARTIALLY_REFUNDED",
        "tradeState": None,
        "total": 1250,
        "refunded": 400,
        "remark": REMARK,
        "createdAt": "2026-01-01T00:12:57.000Z",
        "expiresAt": "2026-01-01T00:12:57.000Z",
        "paidAt": "2026-01-01T00:12:57.000Z",
        "closedAt": None,
        "heldAt": None,
        "items": [
            {"productId": tea, "title": f"{number}-{place}", "unitPrice": 625, "quantity": 1} for place in (0, 1)
        ],
        "payments": [
            {
                "transactionId": f"4200{number}",
                "kind": "order",
                "total": 1250,
                "refunded": 400,
                "paidAt": "2026-01-01T00:00:00.000Z",
            }
        ],
        "refunds": [
            {
                "id": refund_id,
                "number": f"R4200{number}",
                "amount": 400,
                "reason": None,
                "status": "SUCCESS",
                "createdAt": "2026-01-01T00:00:00.000Z",
                "completedAt": None,
            }
        ],
    }


async def test_several_exports_in_a_document_are_refused_before_anything_is_read(world: World) -> None:
    # given
    token = (await world.sign_in())["token"]
    # when
    with counted() as statements:
        answer = await world.ask("{" + " ".join(f"a{place}: exportMyData" for place in range(10)) + "}", token)
    # then
    message = "The document exceeds the limit of 1 `exportMyData` fields: 10 found."
    assert answer == {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}
    assert statements == []


async def test_thousands_of_orders_are_stripped_before_the_account_is_deleted(world: World) -> None:
    # given: some of them wait for a decision, so that they are left to the last unit
    buyer = await regular(world, held=15)
    code, before = await world.code(buyer.openid), await money_rows(world)
    # when
    with counted() as statements:
        deleted = await do(world, DELETE_ACCOUNT, buyer.token, code=code)
    # then
    assert deleted["__typename"] == "DeleteAccountSuccess"
    assert len(statements) <= 120
    assert error_codes(await world.ask(ME, buyer.token)) == ["UNAUTHENTICATED", "UNAUTHENTICATED"]
    assert await money_rows(world) == before
    cipher, orders, notices = cipher_of(world), await world.read(Order.all), await world.read(Notice.all)
    numbers = {order.id: order.number for order in orders}
    assert (len(orders), len(notices), [order.id for order in orders if order.remark]) == (MANY, MANY, [])
    assert [json.loads(cipher.open(order.prepay_body)) for order in orders] == [
        {"number": order.number, "total": 1250, "createdAt": order.created_at.isoformat()} for order in orders
    ]
    assert [json.loads(cipher.open(notice.body)) for notice in notices] == [
        {"number": numbers[notice.order_id], "event": notice.event_type, "at": notice.received_at.isoformat()}
        for notice in notices
    ]


async def test_more_orders_on_hold_than_one_unit_takes_do_not_keep_anybody_from_leaving(world: World) -> None:
    # given
    buyer = await regular(world, held=300)
    # when
    deleted = await do(world, DELETE_ACCOUNT, buyer.token, code=await world.code(buyer.openid))
    # then
    assert deleted["__typename"] == "DeleteAccountSuccess"
    orders, cipher = await world.read(Order.all), cipher_of(world)
    assert [order.status for order in orders].count("PENDING") == 300
    assert [order.id for order in orders if order.remark or buyer.openid in cipher.open(order.prepay_body)] == []


async def test_too_many_orders_for_one_unit_are_never_stripped_in_the_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if so many came between the last look and the last unit, each time."""
    buyer = await regular(world)
    monkeypatch.setattr(Stripping, "ahead", nothing_ahead)

    answer = await world.ask(DELETE_ACCOUNT, buyer.token, {"code": await world.code(buyer.openid)})

    assert error_codes(answer) == ["UNAVAILABLE"]
    assert (await world.ask(ME, buyer.token))["data"]["me"]["id"] == buyer.user_id


async def nothing_ahead(_self: Stripping, _user_id: str, _stripped: Stripped) -> None:
    return


async def test_a_join_takes_more_orders_than_a_statement_takes_values(world: World) -> None:
    # given: one of the older's many keys is the younger's too
    users = await two_users(world)
    older, younger = await world.read(lambda: User.all().order_by("id"))
    await world.units.run(insert_many, world, 0, older.id, BEYOND_ONE_STATEMENT)
    await world.units.run(insert_many, world, 1, younger.id, 1)
    # when
    user_id = await join(world, users)
    # then
    assert await world.read(lambda: Order.filter(user_id=user_id).count()) == BEYOND_ONE_STATEMENT + 1
    [joined] = await world.read(lambda: Order.filter(idempotency_key__startswith=JOINED_KEY))
    assert (joined.id, joined.idempotency_key) == (f"ord_1{1:025}", f"joined:ord_1{1:025}")


async def insert_many(world: World, place: int, user_id: str, count: int) -> None:
    """Orders with the keys `key-1`, `key-2` …"""
    await world.units.connection().execute_script(
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"  # noqa: S608  (numbers of our own)
        " INSERT INTO orders (id, user_id, number, idempotency_key, input_hash, mchid, appid, payer, total,"
        " status, prepay_body, created_at, expires_at)"
        f" SELECT 'ord_{place}' || substr('{0:025}', 1, 25 - length(CAST(n AS TEXT))) || CAST(n AS TEXT), '{user_id}',"
        f" '{place}-' || CAST(n AS TEXT), 'key-' || CAST(n AS TEXT), '', '1900000109', 'wx0', '', 1,"
        " 'CLOSED', '', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00' FROM numbers"
    )
