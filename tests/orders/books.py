"""Both sets of books of one play, this server's and WeChat's: what must hold at any moment, and what in the end."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.orders import MOVES, OrderStatus, status_after_refunds
from models.accounts import User
from models.catalogue import Product
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from tests.orders.steps import STOCK, Play

EXPLAINED = {"refund_unknown", "refund_too_much", "refund_closed", "not_enough"}
"""Incidents that a console refund or an empty account may lead to; every other tells of a fault of this server's."""

CLOSED, SUCCESS, ORDER = "CLOSED", "SUCCESS", "order"


@dataclass
class Book:
    """This server's rows of one order."""

    order: Order
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)

    def of(self, payment: Payment) -> list[Refund]:
        return [refund for refund in self.refunds if refund.payment_id == payment.id]


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
    orders = await Order.filter(user_id=play.buyer.user_id).order_by("id")
    books = {order.id: Book(order) for order in orders}
    for payment in await Payment.filter(order_id__in=list(books)).order_by("id"):
        books[payment.order_id].payments.append(payment)
    if any(book.payments for book in books.values()):
        for refund in await Refund.filter(order_id__in=list(books)).order_by("id"):
            books[refund.order_id].refunds.append(refund)
        for entry in await LedgerEntry.filter(order_id__in=list(books)).order_by("id"):
            books[entry.order_id].ledger.append(entry)
    sold: dict[str, int] = defaultdict(int)
    for item in await OrderItem.filter(order_id__in=list(books)):
        sold[item.order_id] += item.quantity
    stock = (await Product.get(id=play.product.id)).stock
    return Books(list(books.values()), stock, (await User.get(id=play.buyer.user_id)).unpaid_orders, sold)


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
            _balanced(book)
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


def _balanced(book: Book) -> None:
    """The rows agree with each other."""
    main = [payment for payment in book.payments if payment.kind == ORDER]
    assert len(main) <= 1
    assert bool(main) == (book.order.status not in ("PENDING", CLOSED)), "paid, and no payment, or the other way"
    assert book.order.refunded == (main[0].refunded if main else 0)
    if main:
        assert book.order.status == status_after_refunds(book.order.total, book.order.refunded)
    for payment in book.payments:
        refunds = book.of(payment)
        back = sum(refund.amount for refund in refunds if refund.status == SUCCESS)
        claims = [refund.amount for refund in refunds if refund.status != CLOSED]
        booked = sum(entry.amount for entry in book.ledger if entry.payment_id == payment.id)
        assert (payment.refunded, payment.reserved, payment.parts) == (back, sum(claims), len(claims))
        assert booked == payment.total - back, "the ledger"
        assert 0 <= payment.refunded <= payment.reserved <= payment.total


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
        _gave_back_what_was_not_wanted(book)
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


def _gave_back_what_was_not_wanted(book: Book) -> None:
    """All of it, by us and by WeChat's console; less only where ours failed, or where the console's is not known."""
    for payment in book.payments:
        refunds = book.of(payment)
        system = [refund for refund in refunds if refund.source == "system"]
        if payment.kind == ORDER:
            assert system == []
            continue
        back = sum(refund.amount for refund in refunds if refund.status != CLOSED)
        is_told = payment.is_refund_unknown or any(refund.status == CLOSED for refund in system)
        assert back == payment.total or is_told, "money without a use is kept"


async def _explained(play: Play, books: Iterable[Book]) -> None:
    subjects: set[str] = set()
    for book in books:
        subjects |= {book.order.id, *(it.id for it in book.payments), *(it.id for it in book.refunds)}

    async def kinds() -> set[str]:
        return {incident.kind for incident in await Incident.filter(subject__in=list(subjects))}

    assert await play.shop.read(kinds) <= EXPLAINED
