"""Persistence: one way to a transaction, no whole-row writes, SQL in one folder, no relation awaited in the schema."""

import pytest

from tests.architecture.rules.persistence import unsafe_persistence
from tests.architecture.rules.sources import Source, planted


def test_rows_are_written_and_read_safely(sources: tuple[Source, ...]) -> None:
    assert unsafe_persistence(sources) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("services/orders.py", "from tortoise.transactions import in_transaction", "in_transaction is the unit"),
        ("models/orders.py", "async def f():\n    async with client._in_transaction(): ...", "_in_transaction is the"),
        ("services/orders.py", "@atomic()\nasync def f(): ...", "atomic is the unit"),
        ("models/orders.py", "row = Order.filter(id=1).select_for_update()", "select_for_update is the unit"),
        ("services/orders.py", "row = Order.get_or_create(id=1)", "get_or_create is the unit"),
        ("services/orders.py", "row = Order.update_or_create(id=1)", "update_or_create is the unit"),
        ("services/orders.py", "row.save()", "save() without update_fields"),
        ("resolvers/orders.py", "row.save(using_db=connection)", "save() without update_fields"),
        ("services/orders.py", "Order.bulk_create(rows, ignore_conflicts=True)", "bulk_create with ignore_conflicts"),
        ("services/orders.py", "try: ...\nexcept IntegrityError: ...", "IntegrityError is caught in models/"),
        ("server/app.py", "from tortoise.exceptions import IntegrityError", "IntegrityError is caught in models/"),
        ("services/orders.py", "rows = connection.execute_query_dict('SELECT 1')", "raw SQL lives in models/"),
        ("server/health.py", "connection.execute_query('SELECT 1')", "raw SQL lives in models/"),
        ("services/orders.py", "connection.execute_script('SELECT 1')", "raw SQL lives in models/"),
        ("services/orders.py", "Order.raw('SELECT 1')", "raw SQL lives in models/"),
        ("schema/orders.py", "async def items(self):\n    return await self.row.items", "awaits self.row.items"),
        (
            "schema/orders.py",
            "async def f():\n    return [i async for i in row.items]",
            "asynchronously over row.items",
        ),
        ("schema/orders.py", "async def f():\n    async for i in row.items: ...", "asynchronously over row.items"),
    ],
)
def test_a_breach_is_found(path: str, text: str, complaint: str) -> None:
    (found,) = unsafe_persistence([planted(path, text)])
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/unit_of_work.py", "from tortoise.transactions import in_transaction"),
        ("services/orders.py", "row.save(update_fields=['status'])"),
        ("services/orders.py", "Order.bulk_create(rows)"),
        ("models/orders.py", "try: ...\nexcept IntegrityError: ..."),
        ("models/orders.py", "rows = connection.execute_query_dict('SELECT 1')"),
        ("server/app.py", "raw = request.body()"),
        ("schema/orders.py", "async def items(self, info):\n    return await info.context.loaders.items.load(self.id)"),
        ("services/orders.py", "async def f():\n    return await row.items"),
        ("sandbox/state.py", "journal.save()"),
    ],
)
def test_what_is_safe_is_let_through(path: str, text: str) -> None:
    assert unsafe_persistence([planted(path, text)]) == []
