"""The books of one order beside WeChat's: what WeChat says of it, and every sentence about what differs.

Pure: rows and answers in, sentences out. Amounts in the sentences are fen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.orders import HAS_MONEY, OrderStatus
from domain.payments import CURRENCY, PaymentKind, is_closed, is_paid
from domain.refunds import RefundStatus
from models.payments import Payment, Refund
from services.payments.books import Book
from wechat.pay.results import RefundAnswer, Transaction

_UNKNOWN = "WeChat does not know it"


@dataclass(frozen=True)
class BookAtWeChat:
    """WeChat's answers: about the order, each payment by its transaction, each refund by its number; None: not known.

    Of several payments of one order WeChat's answer about the order shows one.
    """

    order: Transaction | None
    payments: Mapping[str, Transaction | None]
    refunds: Mapping[str, RefundAnswer | None]


def differences(book: Book, theirs: BookAtWeChat) -> list[str]:
    """One sentence for each thing that differs; empty where both say the same."""
    return [
        *_order(book, theirs.order),
        *(
            f"payment {payment.transaction_id}: {said}"
            for payment in book.payments
            for said in _payment(book, payment, theirs.payments[payment.transaction_id])
        ),
        *(
            f"refund {refund.number}: {said}"
            for refund in book.refunds
            for said in _refund(book, refund, theirs.refunds[refund.number])
        ),
    ]


def _order(book: Book, theirs: Transaction | None) -> Iterator[str]:
    """Paid on both sides or on neither, and closed where it is closed here, unless money waits for a decision."""
    status = book.order.status
    if theirs is None:
        if status in HAS_MONEY or (status == OrderStatus.PENDING and book.order.prepay_id is not None):
            yield f"{status}, and {_UNKNOWN}"
    elif not is_paid(theirs.trade_state):
        if status in HAS_MONEY or (status == OrderStatus.CLOSED) != is_closed(theirs.trade_state):
            yield f"{status}, at WeChat {theirs.trade_state}"
    elif theirs.transaction_id not in book.waiting:
        kinds = [payment.kind for payment in book.payments if payment.transaction_id == theirs.transaction_id]
        if not kinds:
            yield f"{status}, at WeChat paid by {theirs.transaction_id}, of which no payment is here"
        elif PaymentKind.ORDER in kinds and status not in HAS_MONEY:
            yield f"{status}, at WeChat {theirs.trade_state}"


def _payment(book: Book, payment: Payment, theirs: Transaction | None) -> Iterator[str]:
    if theirs is None or not is_paid(theirs.trade_state):
        yield _UNKNOWN if theirs is None else f"paid, at WeChat {theirs.trade_state}"
        return
    if (theirs.mchid, theirs.appid, theirs.out_trade_no) != (book.order.mchid, book.order.appid, book.order.number):
        yield "at WeChat it is of another order"
    if (theirs.total, theirs.currency) != (payment.total, CURRENCY):
        yield f"{payment.total}, at WeChat {theirs.total} {theirs.currency}"
    has_refunds = theirs.trade_state == "REFUND"
    if payment.refunded and not has_refunds:
        yield f"{payment.refunded} went back, at WeChat nothing"
    if has_refunds and not _explained(book, payment, book.refunds_of(payment)):
        yield "at WeChat something goes back, and no refund of it is here"


def _explained(book: Book, payment: Payment, refunds: Sequence[Refund]) -> bool:
    """By a refund that WeChat may have made, or by somebody who looked; until then it is told."""
    if any(it.sent_at and (it.refund_id or it.status != RefundStatus.CLOSED) for it in refunds):
        return True
    return payment.transaction_id in book.noted and not payment.is_refund_unknown


def _refund(book: Book, refund: Refund, theirs: RefundAnswer | None) -> Iterator[str]:
    if theirs is None:
        if refund.refund_id is not None or refund.status not in (RefundStatus.PROCESSING, RefundStatus.CLOSED):
            yield f"{refund.status}, and {_UNKNOWN}"
        return
    transactions = [payment.transaction_id for payment in book.payments if payment.id == refund.payment_id]
    if theirs.out_trade_no != book.order.number or theirs.transaction_id not in transactions:
        yield "at WeChat it is of another payment"
    if theirs.status != refund.status:
        yield f"{refund.status}, at WeChat {theirs.status}"
    if theirs.refund != refund.amount:
        yield f"{refund.amount}, at WeChat {theirs.refund}"
