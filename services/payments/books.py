"""The books of one order: its rows together, and every rule by which they must agree, recomputed from the ledger.

Pure: rows in, sentences about what disagrees out. Amounts in the sentences are fen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from domain.orders import HAS_MONEY, OrderStatus, status_after_refunds
from domain.payments import PaymentKind
from domain.refunds import MOST_PARTS, RefundSource, RefundStatus
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund


@dataclass
class Book:
    """The rows of one order, and of its incidents which transactions and refunds they are about.

    `accepted` are transactions whose other amount an operator accepted, `waiting` those that wait for a decision. Of
    `unknown` WeChat said that something went back which is not here, of `noted` too, and an operator looked. `failed`
    are the ids of refunds that failed for good.
    """

    order: Order
    items: list[OrderItem] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    def refunds_of(self, payment: Payment) -> list[Refund]:
        """Of this payment alone, oldest first."""
        return [refund for refund in self.refunds if refund.payment_id == payment.id]


def disagreements(book: Book) -> list[str]:
    """One sentence for each rule that is broken; empty for sound books."""
    return [
        *_order(book),
        *_strays(book),
        *(said for payment in book.payments for said in _payment(book, payment)),
    ]


def _order(book: Book) -> Iterator[str]:
    order = book.order
    items = sum(item.unit_price * item.quantity for item in book.items)
    if order.total != items:
        yield f"the total is {order.total}, its items make {items}"
    if order.held_at is not None and not book.waiting:
        yield "on hold, and no open incident says why"
    if (order.status == OrderStatus.CLOSED) != (order.closed_at is not None):
        yield f"{order.status}, and closed_at says otherwise"
    main = [payment for payment in book.payments if payment.kind == PaymentKind.ORDER]
    if (order.status in HAS_MONEY) != bool(main):
        yield f"{order.status}, and {len(main)} payments pay for it"
        return
    if len(main) > 1:
        yield f"{len(main)} payments pay for it"
    yield from _refunded(order, book.ledger, main)


def _refunded(order: Order, ledger: Sequence[LedgerEntry], main: Sequence[Payment]) -> Iterator[str]:
    """The order shows what went back of the payment that paid it, by the ledger."""
    ids = {payment.id for payment in main}
    back = -sum(entry.amount for entry in ledger if entry.payment_id in ids and entry.amount < 0)
    if order.refunded != back:
        yield f"refunded is {order.refunded}, the ledger gave back {back}"
    should = status_after_refunds(main[0].total, back) if main else None
    if should is not None and order.status != should:
        yield f"{order.status}, by the ledger {should}"


def _strays(book: Book) -> Iterator[str]:
    known = {payment.id for payment in book.payments}
    for entry in book.ledger:
        if entry.payment_id not in known:
            yield f"ledger {entry.reference} is about another order's payment"
    for refund in book.refunds:
        if refund.payment_id not in known:
            yield f"refund {refund.number} is of another order's payment"


def _payment(book: Book, payment: Payment) -> Iterator[str]:
    refunds = book.refunds_of(payment)
    name = f"payment {payment.transaction_id}"
    yield from (f"{name}: {said}" for said in _booked(book, payment, refunds))
    yield from (f"{name}: {said}" for said in _counted(payment, refunds))
    yield from (f"{name}: {said}" for said in _fits(book, payment, refunds))


def _booked(book: Book, payment: Payment, refunds: Sequence[Refund]) -> Iterator[str]:
    """Exactly one entry for the payment and one for each refund that succeeded, with their amounts."""
    should = {f"pay:{payment.transaction_id}": payment.total}
    should |= {f"refund:{it.number}": -it.amount for it in refunds if it.status == RefundStatus.SUCCESS}
    booked = {entry.reference: entry.amount for entry in book.ledger if entry.payment_id == payment.id}
    for reference in sorted(should.keys() | booked.keys()):
        if booked.get(reference) != should.get(reference):
            said = booked.get(reference, "nothing")
            yield f"the ledger has {said} for {reference}, should have {should.get(reference, 'nothing')}"


def _counted(payment: Payment, refunds: Sequence[Refund]) -> Iterator[str]:
    back = sum(refund.amount for refund in refunds if refund.status == RefundStatus.SUCCESS)
    claims = [refund.amount for refund in refunds if refund.status != RefundStatus.CLOSED]
    for name, said, should in (
        ("refunded", payment.refunded, back),
        ("reserved", payment.reserved, sum(claims)),
        ("parts", payment.parts, len(claims)),
    ):
        if said != should:
            yield f"{name} is {said}, its refunds make {should}"
    if not 0 <= payment.refunded <= payment.reserved <= payment.total or payment.parts > MOST_PARTS:
        yield f"refunded {payment.refunded}, reserved {payment.reserved}, paid {payment.total} do not fit"


def _fits(book: Book, payment: Payment, refunds: Sequence[Refund]) -> Iterator[str]:
    """What paid for the order has its amount, unless that was accepted, and stays; what it has no use for goes back."""
    if payment.kind != PaymentKind.ORDER:
        yield from _goes_back(book, payment, refunds)
        return
    if payment.total != book.order.total and payment.transaction_id not in book.accepted:
        yield f"paid {payment.total}, the order's total is {book.order.total}, and nobody accepted that"
    if any(refund.source == RefundSource.SYSTEM for refund in refunds):
        yield "it pays for the order, and a refund of this server gives it back"


def _goes_back(book: Book, payment: Payment, refunds: Sequence[Refund]) -> Iterator[str]:
    """By this server and WeChat's console together, to the fen; what does not is told to the operator."""
    if payment.is_refund_unknown and payment.transaction_id in book.unknown | book.noted:
        return  # how much the console gave back is not known yet
    wanted = [refund for refund in refunds if refund.source != RefundSource.OPERATOR]
    back = sum(refund.amount for refund in wanted if refund.status != RefundStatus.CLOSED)
    failed = sum(refund.amount for refund in wanted if refund.id in book.failed)
    if not back <= payment.total <= back + failed:
        yield f"the order has no use for it, and {back} of {payment.total} go back"
