"""Reading the rows of orders together, with what operators were told of them and decided; inside a unit or a read."""

from collections.abc import Mapping, Sequence

from domain.incidents import ABOUT_MONEY, IncidentKind
from domain.payments import PaymentKind
from domain.refunds import RefundStatus
from models.incidents import Incident
from models.ledger import LedgerEntry
from models.orders import Order, OrderItem
from models.payments import Payment, Refund
from services.payments.books import Book
from services.payments.resolving import Decision


async def read_books(ids: Sequence[str]) -> list[Book]:
    """The books of these orders, oldest first, by a few statements however many they are."""
    books = {order.id: Book(order) for order in await Order.filter(id__in=list(ids)).order_by("id")}
    among = {"order_id__in": list(books)}
    for item in await OrderItem.filter(**among):
        books[item.order_id].items.append(item)
    for payment in await Payment.filter(**among).order_by("id"):
        books[payment.order_id].payments.append(payment)
    for refund in await Refund.filter(**among).order_by("id"):
        books[refund.order_id].refunds.append(refund)
    for entry in await LedgerEntry.filter(**among).order_by("id"):
        books[entry.order_id].ledger.append(entry)
    kinds = [*ABOUT_MONEY, IncidentKind.REFUND_UNKNOWN]
    for incident in await Incident.filter(subject__in=list(books), kind__in=kinds):
        _note(books[incident.subject], incident)
    await _note_failed(books)
    return list(books.values())


def _note(book: Book, incident: Incident) -> None:
    is_open = incident.resolved_at is None
    if incident.kind == IncidentKind.REFUND_UNKNOWN:
        (book.unknown if is_open else book.noted).add(incident.reference)
    elif is_open:
        book.waiting.add(incident.reference)
    elif incident.resolution == Decision.ACCEPT:
        book.accepted.add(incident.reference)


async def _note_failed(books: Mapping[str, Book]) -> None:
    """Which refunds of money without use failed for good, and were told."""
    useless = {it.id for book in books.values() for it in book.payments if it.kind != PaymentKind.ORDER}
    closed = {
        refund.id: book
        for book in books.values()
        for refund in book.refunds
        if refund.status == RefundStatus.CLOSED and refund.payment_id in useless
    }
    if closed:
        told = Incident.filter(subject__in=list(closed), kind=IncidentKind.REFUND_CLOSED)
        for incident in await told:
            closed[incident.subject].failed.add(incident.subject)
