"""`appletql verify`: each kind of planted fault is found, and nothing is invented."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.catalogue import Product
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from server.cli.verify_lines import counted
from services.payments.auditing import Auditing
from tests.audits import audited, silent
from tests.databases import Databases
from tests.operations.lives import Sample, sample
from tests.operations.steps import command, fits_a_terminal
from tests.process.forked import run
from tests.shop import Shop

pytestmark = pytest.mark.anyio


async def checked(shop: Shop) -> list[str]:
    """The line of what was looked at, all that there is."""

    async def rows() -> list[str]:
        found = {
            name: await model.all().count()
            for name, model in (
                ("orders", Order),
                ("payments", Payment),
                ("refunds", Refund),
                ("ledger movements", LedgerEntry),
                ("users", User),
                ("products", Product),
            )
        }
        return list(counted("checked", found))

    return await shop.read(rows)


@pytest.fixture(scope="module")
async def it(shared_shop: Shop) -> Sample:
    return await sample(shared_shop)


@pytest.mark.usefixtures("it")
async def test_a_shop_of_every_life_agrees(shop: Shop, tmp_path: Path) -> None:
    assert await audited(shop.units) == []

    done = await command(shop, tmp_path, "verify")

    assert (done.stdout.splitlines(), done.returncode) == ([*await checked(shop), "everything agrees"], 0)
    assert [line for line in done.stderr.splitlines() if line.endswith(": 100 %")] == [
        *("orders: 100 %", "users: 100 %", "products: 100 %"),
    ]


Fault = Callable[[Sample], Awaitable[object]]
"""Changes one thing in the database behind everybody's back."""

FAULTS: dict[str, tuple[Fault, Fault, str, Callable[[Sample], list[str]]]] = {
    "an order's total": (
        lambda it: Order.filter(id=it.closed["id"]).update(total=1251),
        lambda it: Order.filter(id=it.closed["id"]).update(total=1250),
        "closed",
        lambda _: ["the total is 1251, its items make 1250"],
    ),
    "an item's quantity": (
        lambda it: OrderItem.filter(order_id=it.closed["id"]).update(quantity=2),
        lambda it: OrderItem.filter(order_id=it.closed["id"]).update(quantity=1),
        "closed",
        lambda _: ["the total is 1250, its items make 2500"],
    ),
    "an order's refunded": (
        lambda it: Order.filter(id=it.order["id"]).update(refunded=251),
        lambda it: Order.filter(id=it.order["id"]).update(refunded=250),
        "order",
        lambda _: ["refunded is 251, the ledger gave back 250"],
    ),
    "an order's status": (
        lambda it: Order.filter(id=it.order["id"]).update(status="PAID"),
        lambda it: Order.filter(id=it.order["id"]).update(status="PARTIALLY_REFUNDED"),
        "order",
        lambda _: ["PAID, by the ledger PARTIALLY_REFUNDED"],
    ),
    "an order that says it is closed": (
        lambda it: Order.filter(id=it.order["id"]).update(status="CLOSED"),
        lambda it: Order.filter(id=it.order["id"]).update(status="PARTIALLY_REFUNDED"),
        "order",
        lambda _: ["CLOSED, and closed_at says otherwise", "CLOSED, and 1 payments pay for it"],
    ),
    "an order that says it is paid": (
        lambda it: Order.filter(id=it.closed["id"]).update(status="PAID", closed_at=None),
        lambda it: Order.filter(id=it.closed["id"]).update(status="CLOSED", closed_at=it.late.created_at),
        "closed",
        lambda _: ["PAID, and 0 payments pay for it"],
    ),
    "an order on hold for nothing": (
        lambda it: Incident.filter(id=it.held.incidents[0]).update(resolved_at=it.late.created_at),
        lambda it: Incident.filter(id=it.held.incidents[0]).update(resolved_at=None),
        "held",
        lambda _: ["on hold, and no open incident says why"],
    ),
    "another amount that nobody accepted": (
        lambda it: Incident.filter(id=it.accepted.incidents[0]).update(resolution="note: seen"),
        lambda it: Incident.filter(id=it.accepted.incidents[0]).update(resolution="accept"),
        "accepted",
        lambda it: [
            f"payment {it.accepted.transactions[0]}: paid 1249, the order's total is 1250, and nobody accepted that"
        ],
    ),
    "a ledger entry's amount": (
        lambda it: LedgerEntry.filter(payment_id=it.payment.id, amount=1250).update(amount=1249),
        lambda it: LedgerEntry.filter(payment_id=it.payment.id, amount=1249).update(amount=1250),
        "order",
        lambda it: [
            (
                f"payment {it.payment.transaction_id}: the ledger has 1249 for pay:{it.payment.transaction_id}, "
                "should have 1250"
            )
        ],
    ),
    "a refund that was not booked": (
        lambda it: Refund.filter(id=it.refund.id).update(status="PROCESSING"),
        lambda it: Refund.filter(id=it.refund.id).update(status="SUCCESS"),
        "order",
        lambda it: [
            (
                f"payment {it.payment.transaction_id}: the ledger has -250 for refund:{it.refund.number}, "
                "should have nothing"
            ),
            f"payment {it.payment.transaction_id}: refunded is 250, its refunds make 0",
        ],
    ),
    "what is reserved": (
        lambda it: Payment.filter(id=it.payment.id).update(reserved=251, parts=2),
        lambda it: Payment.filter(id=it.payment.id).update(reserved=250, parts=1),
        "order",
        lambda it: [
            f"payment {it.payment.transaction_id}: reserved is 251, its refunds make 250",
            f"payment {it.payment.transaction_id}: parts is 2, its refunds make 1",
        ],
    ),
    "more reserved than paid": (
        lambda it: Payment.filter(id=it.payment.id).update(reserved=1251),
        lambda it: Payment.filter(id=it.payment.id).update(reserved=250),
        "order",
        lambda it: [
            f"payment {it.payment.transaction_id}: reserved is 1251, its refunds make 250",
            f"payment {it.payment.transaction_id}: refunded 250, reserved 1251, paid 1250 do not fit",
        ],
    ),
    "what was refunded": (
        lambda it: Payment.filter(id=it.payment.id).update(refunded=249),
        lambda it: Payment.filter(id=it.payment.id).update(refunded=250),
        "order",
        lambda it: [f"payment {it.payment.transaction_id}: refunded is 249, its refunds make 250"],
    ),
    "money without use that nobody gives back": (
        lambda it: Refund.filter(id=it.system.id).update(source="operator"),
        lambda it: Refund.filter(id=it.system.id).update(source="system"),
        "closed",
        lambda it: [
            f"payment {it.late.transaction_id}: the order has no use for it, and 0 of 1250 go back",
        ],
    ),
    "one fen of all that is owed": (
        lambda it: Refund.filter(id=it.system.id).update(amount=1),
        lambda it: Refund.filter(id=it.system.id).update(amount=1250),
        "closed",
        lambda it: [
            (f"payment {it.late.transaction_id}: the ledger has -1250 for refund:{it.system.number}, should have -1"),
            f"payment {it.late.transaction_id}: refunded is 1250, its refunds make 1",
            f"payment {it.late.transaction_id}: reserved is 1250, its refunds make 1",
            f"payment {it.late.transaction_id}: the order has no use for it, and 1 of 1250 go back",
        ],
    ),
    "a refund by itself of money that pays for an order": (
        lambda it: Refund.filter(id=it.refund.id).update(source="system"),
        lambda it: Refund.filter(id=it.refund.id).update(source="operator"),
        "order",
        lambda it: [
            (f"payment {it.payment.transaction_id}: it pays for the order, and a refund of this server gives it back"),
        ],
    ),
    "a refund that failed and that nobody was told of": (
        lambda it: Incident.filter(kind="refund_closed", subject=it.failed.id).update(kind="refund_abnormal"),
        lambda it: Incident.filter(kind="refund_abnormal", subject=it.failed.id).update(kind="refund_closed"),
        "failed",
        lambda it: [
            f"payment {it.owed.transaction_id}: the order has no use for it, and 0 of 1250 go back",
        ],
    ),
    "a refund of another order's payment": (
        lambda it: Refund.filter(id=it.system.id).update(order_id=it.order["id"]),
        lambda it: Refund.filter(id=it.system.id).update(order_id=it.closed["id"]),
        "order",
        lambda it: [f"refund {it.system.number} is of another order's payment"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_found_and_nothing_beside_it(shop: Shop, it: Sample, fault: str) -> None:
    # given
    plant, mend, where, expected = FAULTS[fault]
    number = {
        "order": it.order["number"],
        "closed": it.closed["number"],
        "held": it.held.number,
        "accepted": it.accepted.number,
        "failed": it.failed_order["number"],
    }[where]
    assert await audited(shop.units) == []
    # when
    assert await shop.units.run(plant, it) == 1
    found = await audited(shop.units)
    assert await shop.units.run(mend, it) == 1
    # then
    assert [said for subject, said in found if subject == number] == expected(it)
    elsewhere = {subject for subject, _ in found if subject != number}
    assert elsewhere == ({it.closed["number"]} if "another order" in fault else set())
    assert await audited(shop.units) == []


async def test_a_ledger_entry_too_many_and_one_astray_are_found(shop: Shop, it: Sample) -> None:
    name = f"payment {it.payment.transaction_id}"

    async def add() -> LedgerEntry:
        return await LedgerEntry.create(
            id=new_id(Prefix.LEDGER_ENTRY, wire_clock()),
            order_id=it.order["id"],
            payment_id=it.payment.id,
            amount=-1,
            reference=f"planted:{it.payment.id}",
            happened_at=wire_clock(),
            created_at=wire_clock(),
        )

    added = await shop.units.run(add)
    too_many = await audited(shop.units)

    async def move(order_id: str) -> int:
        return await LedgerEntry.filter(id=added.id).update(order_id=order_id)

    await shop.units.run(move, it.closed["id"])
    astray = await audited(shop.units)

    async def remove() -> int:
        return await LedgerEntry.filter(id=added.id).delete()

    await shop.units.run(remove)

    assert too_many == [
        (it.order["number"], "refunded is 250, the ledger gave back 251"),
        (it.order["number"], f"{name}: the ledger has -1 for planted:{it.payment.id}, should have nothing"),
    ]
    assert astray == [(it.closed["number"], f"ledger planted:{it.payment.id} is about another order's payment")]
    assert await audited(shop.units) == []


async def test_a_counter_and_a_stock_are_found_and_told_with_exit_code_3(shop: Shop, tmp_path: Path) -> None:
    # given
    buyer, tea = await shop.buyer(), await shop.product(1250, stock=3)
    order = (await shop.ordered(buyer, tea))["order"]

    async def change(unpaid: int, stock: int, total: int) -> int:
        changed = await User.filter(id=buyer.user_id).update(unpaid_orders=unpaid)
        changed += await Product.filter(id=tea.id).update(stock=stock)
        return changed + await Order.filter(id=order["id"]).update(total=total)

    assert await shop.units.run(change, 2, -1, 2_147_483_647) == 3
    # when
    done = await command(shop, tmp_path, "verify")
    assert await shop.units.run(change, 1, 2, 1250) == 3
    # then
    assert done.stdout.splitlines() == [
        f"{order['number']}           the total is 2147483647, its items make 1250",
        f"{buyer.user_id} counts 2 unpaid orders, has 1",
        f"{tea.id} the stock is -1",
        *await checked(shop),
        "3 disagreements",
    ]
    assert done.returncode == 3
    assert fits_a_terminal(done.stdout)


async def test_nothing_is_invented_beside_a_server_that_works(shop: Shop) -> None:
    """What changes between two readings is looked at again before it is told."""
    buyer, tea = await shop.buyer(), await shop.product(1250)

    async def trade() -> None:
        for _ in range(5):
            await shop.paid(buyer, tea)

    trading = asyncio.create_task(trade())
    found = []
    while not trading.done():
        found += [it async for it in Auditing(shop.units, pause=0.2).run(silent)]
    await trading
    assert found == []


async def test_a_large_database_is_read_in_batches(shop: Shop) -> None:
    """More rows than a batch holds: each of them is looked at, once."""
    now, rows = wire_clock(), 1203

    async def write() -> list[str]:
        users = [User(id=new_id(Prefix.USER, now), unpaid_orders=1, created_at=now) for _ in range(rows)]
        await User.bulk_create(users, batch_size=400)
        return [user.id for user in users]

    ids = await shop.units.run(write)
    steps: list[int] = []
    found = [it.subject async for it in Auditing(shop.units, pause=0).run(counting(steps))]

    async def remove() -> int:
        return await User.filter(id__in=ids).delete()

    await shop.units.run(remove)
    assert sorted(found) == sorted(ids)
    assert max(steps) == 500
    assert sum(steps) >= rows


def counting(steps: list[int]) -> Any:
    @contextmanager
    def progress(_step: str, _total: int) -> Any:
        yield steps.append

    return progress


def test_an_empty_database_agrees(databases: Databases, tmp_path: Path) -> None:
    done = run(tmp_path, "verify", APPLETQL_DATABASE_URL=databases.fresh())

    assert done.stdout.splitlines() == [
        "checked: orders 0, payments 0, refunds 0, ledger movements 0, users 0,",
        "         products 0",
        "everything agrees",
    ]
    assert (done.stderr, done.returncode) == ("", 0)
