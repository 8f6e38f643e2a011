"""What `appletql verify` says of money that an order has no use for: all goes back, by whoever gave it back."""

from datetime import UTC, datetime

import pytest

from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from services.payments.books import Book, disagreements

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

Given = tuple[str, str, int]


def book_of(*given: Given, **told: set[str]) -> Book:
    """A closed order that 1251 fen came for too late, with refunds: source, status, fen; the id is their place."""
    refunds = [
        Refund(id=str(place), number=str(place), source=source, status=status, amount=amount)
        for place, (source, status, amount) in enumerate(given)
    ]
    claims = [refund.amount for refund in refunds if refund.status != "CLOSED"]
    payment = Payment(
        id="pay",
        transaction_id="42",
        kind="late",
        total=1251,
        reserved=sum(claims),
        parts=len(claims),
        refunded=0,
        is_refund_unknown=False,
    )
    entry = LedgerEntry(amount=1251, reference="pay:42")
    for row in (entry, *refunds):
        row.payment_id = payment.id  # models take it in their constructor once a database is open
    order = Order(status="CLOSED", total=1250, refunded=0, closed_at=NOW)
    items = [OrderItem(unit_price=1250, quantity=1)]
    return Book(order, items, [payment], refunds, [entry], **told)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([("system", "PROCESSING", 1251)], {}),
        ([("system", "ABNORMAL", 1251)], {}),
        ([("console", "PROCESSING", 1251)], {}),
        ([("console", "PROCESSING", 100), ("system", "PROCESSING", 1151)], {}),
        ([("system", "CLOSED", 1251), ("console", "PROCESSING", 1251)], {}),
        ([("system", "CLOSED", 1251)], {"failed": {"0"}}),
        ([("console", "PROCESSING", 100), ("system", "CLOSED", 1151)], {"failed": {"1"}}),
    ],
    ids=["ours", "abnormal", "console", "both", "console instead", "failed", "the rest failed"],
)
def test_what_goes_back_whole_or_was_told_agrees(given: list[Given], told: dict[str, set[str]]) -> None:
    assert disagreements(book_of(*given, **told)) == []


@pytest.mark.parametrize(
    ("given", "told", "back"),
    [
        ([], {}, 0),
        ([("system", "PROCESSING", 1)], {}, 1),
        ([("console", "PROCESSING", 100)], {}, 100),
        ([("operator", "PROCESSING", 1251)], {}, 0),
        ([("console", "PROCESSING", 100), ("system", "PROCESSING", 1150)], {}, 1250),
        ([("system", "CLOSED", 1251)], {}, 0),
        ([("console", "PROCESSING", 99), ("system", "CLOSED", 1151)], {"failed": {"1"}}, 99),
        ([], {"unknown": {"42"}}, 0),
    ],
    ids=["nothing", "a fen", "a part", "an operator's", "a fen less", "failed", "a fen less failed", "not marked"],
)
def test_a_fen_that_stays_disagrees(given: list[Given], told: dict[str, set[str]], back: int) -> None:
    expected = f"payment 42: the order has no use for it, and {back} of 1251 go back"

    assert disagreements(book_of(*given, **told)) == [expected]


def test_what_the_console_gave_back_is_not_missed_before_it_is_known() -> None:
    book = book_of(unknown={"42"})
    book.payments[0].is_refund_unknown = True

    assert disagreements(book) == []
