"""Both sets of books of one play, this server's and WeChat's: what must hold at any moment, and what in the end."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.orders import MOVES, OrderStatus
from models.accounts import User
from models.catalogue import Product
from models.incidents import Incident
from models.orders import Order
from models.payments import Payment, Refund
from services.payments.book_reading import read_books
from services.payments.books import Book, disagreements
from services.payments.comparing import Comparing
from tests.orders.steps import STOCK, Play

EXPLAINED = {"refund_unknown", "refund_too_much", "refund_closed", "not_enough"}
"""Incidents that a console refund or an empty account may lead to; every other tells of a fault of this server's."""

CLOSED, SUCCESS = "CLOSED", "SUCCESS"


@dataclass
class Books:
    """The rows of a play as they are at one moment."""

    of: list[Book]
    stock: int | None
    unpaid: int
    sold: dict[str, int]

    @classmethod
    async def read(cls, play: Play) -> "Books":
        return await play.shop.read(lambda: _read(play))


async def _read(play: Play) -> Books:
    ids = [order.id for order in await Order.filter(user_id=play.buyer.user_id)]
    books = await read_books(ids)
    sold = {book.order.id: sum(item.quantity for item in book.items) for book in books}
    stock = (await Product.get(id=play.product.id)).stock
    return Books(books, stock, (await User.get(id=play.buyer.user_id)).unpaid_orders, sold)


@dataclass
class Auditor:
    """Looks after each step: no money is made or lost, no state goes back, no refund changes its bytes."""

    play: Play
    statuses: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)

    async def look(self) -> None:
        books = await Books.read(self.play)
        pending = [book.order for book in books.of if book.order.status == OrderStatus.PENDING]
        assert books.unpaid == len(pending), "the counter of unpaid orders"
        kept = sum(books.sold[book.order.id] for book in books.of if book.order.status != CLOSED)
        assert books.stock == STOCK - kept, "the stock"
        for book in books.of:
            self._moved(book)
            assert disagreements(book) == []
            _covered(self.play, book)

    def _moved(self, book: Book) -> None:
        before = OrderStatus(self.statuses.get(book.order.id, "PENDING"))
        after = OrderStatus(book.order.status)
        assert after in _reachable(before), f"{before} became {after}"
        self.statuses[book.order.id] = after
        for refund in book.refunds:
            assert self.bodies.setdefault(refund.number, refund.body) == refund.body, "a refund's bytes changed"
        assert len({refund.number for refund in book.refunds}) == len(book.refunds)
        lost = [refund for refund in self.bodies if refund not in {it.number for it in book.refunds}]
        assert not lost or len(self.statuses) > 1, "a refund vanished"


def _reachable(before: OrderStatus) -> set[OrderStatus]:
    found = {before}
    while more := {after for status in found for after in MOVES[status]} - found:
        found |= more
    return found


def _covered(play: Play, book: Book) -> None:
    """WeChat's books stand behind these rows, and nothing that WeChat holds was given up here."""
    known = play.at_wechat(book.order)
    if book.order.status == CLOSED:
        assert known is None or known.closed or known.transaction_ids, "closed here, and WeChat would take money"
    transactions = {it.transaction_id: it for it in play.transactions(book.order)}
    for payment in book.payments:
        assert payment.total == transactions[payment.transaction_id].total
    at_wechat = {it.out_refund_no: it for it in play.refunds(book.order)}
    for refund in book.refunds:
        theirs = at_wechat.get(refund.number)
        assert refund.status != SUCCESS or (theirs is not None and theirs.status == SUCCESS), "refunded only here"
        assert refund.status != CLOSED or theirs is None or theirs.status == CLOSED, "given up, and WeChat refunds"
        assert theirs is None or (theirs.amount, theirs.transaction_id) == (
            refund.amount,
            _payment_of(book, refund).transaction_id,
        )


def _payment_of(book: Book, refund: Refund) -> Payment:
    return next(payment for payment in book.payments if payment.id == refund.payment_id)


async def assert_agreed(play: Play) -> None:
    """After everything has settled: this server's books are WeChat's, save for what WeChat never told."""
    books = await Books.read(play)
    for book in books.of:
        _same_payments(play, book)
        _same_refunds(play, book)
        await _compared(play, book)
    assert books.unpaid == 0
    await _explained(play, books.of)


def _same_payments(play: Play, book: Book) -> None:
    theirs, ours = play.transactions(book.order), {payment.transaction_id for payment in book.payments}
    assert book.order.status != "PENDING", "nobody knows what became of it"
    for transaction in theirs[:-1]:
        number = transaction.transaction_id
        assert number in ours or play.is_lost("transaction", "transaction_id", number), "a payment is not here"
    assert not theirs or theirs[-1].transaction_id in ours, "the latest payment is not here"
    assert len(ours) <= len(theirs)
    if not theirs:
        known = play.at_wechat(book.order)
        assert book.order.status == CLOSED
        assert known is None or known.closed


def _same_refunds(play: Play, book: Book) -> None:
    ours, theirs = {it.number: it for it in book.refunds}, {it.out_refund_no: it for it in play.refunds(book.order)}
    for number, refund in theirs.items():
        if number in ours:
            assert (ours[number].status, ours[number].amount) == (refund.status, refund.amount)
        else:
            assert refund.console
            assert play.is_lost("refund", "out_refund_no", number), "WeChat told of a refund that is not here"
    for number in ours.keys() - theirs.keys():
        assert ours[number].status == CLOSED, "WeChat never heard of a refund that is still open here"


async def _compared(play: Play, book: Book) -> None:
    """The product's own comparison finds what WeChat never told, and nothing else."""
    theirs = [it.transaction_id for it in play.transactions(book.order)] + [
        it.out_refund_no for it in play.refunds(book.order)
    ]
    ours = {it.transaction_id for it in book.payments} | {it.number for it in book.refunds}
    if set(theirs) <= ours:
        pay = play.shop.application.process.orders.access.pay().untold
        assert (await Comparing(play.shop.units, pay, pause=0).compare(book.order)).found == []


async def _explained(play: Play, books: Iterable[Book]) -> None:
    subjects: set[str] = set()
    for book in books:
        subjects |= {book.order.id, *(it.id for it in book.payments), *(it.id for it in book.refunds)}

    async def kinds() -> set[str]:
        return {incident.kind for incident in await Incident.filter(subject__in=list(subjects))}

    assert await play.shop.read(kinds) <= EXPLAINED
