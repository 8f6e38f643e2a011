"""Rule 13: states move by one table and by compare-and-set, in the modules that own them; the ledger only grows."""

import pytest

from domain import refunds
from domain.orders import MOVES, OrderStatus, may_move
from domain.refunds import RefundStatus
from tests.architecture.rules.sources import ROOT, Source, planted, read_sources
from tests.orders.state_writes import calls_in_units, ledger_rewrites, state_writes

OWNERS = {
    "Order": frozenset(
        (
            "services/orders/closing_rows.py",
            "services/payments/refund_settling.py",
            "services/payments/resolving.py",
            "services/payments/settling.py",
        )
    ),
    "Refund": frozenset(("services/payments/refund_sending.py", "services/payments/refund_settling.py")),
}
WRITER = "services/payments/ledger.py"


@pytest.fixture(scope="module")
def sources() -> tuple[Source, ...]:
    return read_sources(ROOT)


def test_rule_13_states_are_set_by_their_owners_where_they_are_what_was_read(sources: tuple[Source, ...]) -> None:
    assert state_writes(sources, OWNERS) == []


def test_rule_13_no_owner_is_listed_for_nothing(sources: tuple[Source, ...]) -> None:
    for model, owners in OWNERS.items():
        for owner in owners:
            alone = [source for source in sources if source.path == owner]
            assert state_writes(alone, OWNERS | {model: owners - {owner}}), owner


def test_rule_13_wechat_is_not_called_inside_a_unit(sources: tuple[Source, ...]) -> None:
    assert calls_in_units(sources) == []


def test_rule_19_no_entry_of_the_ledger_is_changed_or_deleted(sources: tuple[Source, ...]) -> None:
    assert ledger_rewrites(sources, WRITER) == []


def test_rule_13_the_moves_of_an_order() -> None:
    allowed = {(before, after) for before in OrderStatus for after in OrderStatus if may_move(before, after)}

    assert set(MOVES) == set(OrderStatus)
    assert {(before.value, after.value) for before, after in allowed} == {
        ("PENDING", "PAID"),
        ("PENDING", "CLOSED"),
        ("PAID", "PARTIALLY_REFUNDED"),
        ("PAID", "REFUNDED"),
        ("PARTIALLY_REFUNDED", "PARTIALLY_REFUNDED"),
        ("PARTIALLY_REFUNDED", "REFUNDED"),
    }


def test_rule_13_the_moves_of_a_refund() -> None:
    moves = {
        (before.value, after.value)
        for before in RefundStatus
        for after in RefundStatus
        if refunds.may_move(before, after)
    }

    assert "SUCCESS" not in {before for before, _ in moves}
    assert {after for before, after in moves if before == "CLOSED"} == {"SUCCESS"}
    assert {after for before, after in moves if before == "PROCESSING"} == {"SUCCESS", "ABNORMAL", "CLOSED"}
    assert "PROCESSING" not in {after for _, after in moves}


OWNER = "services/payments/settling.py"


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        (
            "services/orders/buying.py",
            "async def f():\n    if await Order.filter(status=1).update(status=2): ...",
            "does not own the states of Order",
        ),
        (
            OWNER,
            "async def f():\n    rows = Order.filter(id=1)\n    if not await rows.update(status=2):\n        raise E",
            "compares with no state",
        ),
        (OWNER, "async def f():\n    _ = await Order.filter(status=1).update(status=2)", "how many rows"),
        (
            OWNER,
            "async def f():\n    set = {'status': 2}\n    if await Order.filter(id=1).update(**set): ...",
            "no state",
        ),
        (OWNER, "async def f(rows):\n    if await rows.update(status=2): ...", "writes a state of rows"),
        (OWNER, "async def f(order):\n    order.status = 'PAID'", "sets the attribute"),
        (OWNER, "async def f(orders):\n    await Order.bulk_update(orders, ['status'])", "bulk_update"),
    ],
)
def test_rule_13_a_breach_is_found(path: str, text: str, complaint: str) -> None:
    (found,) = state_writes([planted(path, text)], OWNERS)
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("services/worker/x.py", "async def f():\n    _ = await LedgerEntry.filter(id=1).update(amount=1)", "rewrites"),
        ("server/cli/x.py", "async def f():\n    await LedgerEntry.all().delete()", "rewrites"),
        (
            WRITER,
            "async def f():\n    entry = await LedgerEntry.get(id=1)\n    await entry.save(update_fields=[])",
            "rewr",
        ),
        ("services/x.py", "async def f(payment):\n    await payment.ledger.all().delete()", "rewrites"),
        ("services/x.py", "async def f():\n    await LedgerEntry.create(amount=1)", "books an entry by itself"),
        ("models/x.py", "TEXT = 'DELETE FROM ledger WHERE id = 1'", "in SQL"),
        ("models/x.py", "TEXT = 'update \"ledger\" set amount = 0'", "in SQL"),
    ],
)
def test_rule_19_a_rewritten_ledger_is_found(path: str, text: str, complaint: str) -> None:
    (found,) = ledger_rewrites([planted(path, text)], WRITER)
    assert complaint in found


def test_rule_13_a_call_inside_a_unit_is_found() -> None:
    text = """
        class A:
            async def f(self):
                await self.units.run_again_if_raced(self._write)

            async def _write(self):
                await self._more()

            async def _more(self):
                await self._access.pay().query("1")
        """
    (found,) = calls_in_units([planted("services/orders/x.py", text)])
    assert "_more asks WeChat inside a unit" in found
