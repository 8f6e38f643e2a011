"""Whether a row of the bill and what is known of it here say the same. Pure; nothing is asked or changed."""

from collections.abc import Iterator

from domain.money import Fen, display
from domain.payments import CURRENCY
from domain.refunds import RefundStatus
from services.reconciliation.books import HerePayment, HereRefund
from services.reconciliation.differences import Difference, Sort
from wechat.pay.bill_text import BillRow

_PAID = "SUCCESS"
_NOTHING = "-"

AGREEING: dict[str, frozenset[RefundStatus]] = {
    "SUCCESS": frozenset({RefundStatus.SUCCESS}),
    "PROCESSING": frozenset(RefundStatus),
    "FAIL": frozenset({RefundStatus.CLOSED, RefundStatus.ABNORMAL}),
    "CHANGE": frozenset({RefundStatus.ABNORMAL, RefundStatus.SUCCESS, RefundStatus.CLOSED}),
}
"""The bill's word is that of the moment when it was made and is not renewed; these may have come of it since."""


def difference(row: BillRow, sort: Sort, there: str, here: str, order_id: str | None) -> Difference:
    """A difference of this row."""
    return Difference(sort, row.transaction_id, row.out_trade_no, row.out_refund_no, there, here, order_id)


def only_there(row: BillRow, order_id: str | None) -> Difference:
    """A row of something that is not here."""
    if row.out_refund_no is not None:
        return difference(row, Sort.REFUND_ONLY_THERE, yuan(row.refund), _NOTHING, order_id)
    return difference(row, Sort.PAYMENT_ONLY_THERE, yuan(row.total), _NOTHING, order_id)


def payment_only_here(here: HerePayment) -> Difference:
    """A payment of the day that is not in its bill."""
    return Difference(
        Sort.PAYMENT_ONLY_HERE, here.transaction_id, here.number, None, _NOTHING, yuan(here.total), here.order_id
    )


def refund_only_here(here: HereRefund) -> Difference:
    """A refund of the day that is not in its bill."""
    amount, number = yuan(here.amount), here.trade_number
    return Difference(Sort.REFUND_ONLY_HERE, here.transaction_id, number, here.number, _NOTHING, amount, here.order_id)


def judge_payment(row: BillRow, here: HerePayment) -> Iterator[Difference]:
    """What differs between the row of a payment and the payment."""
    if row.trade_state != _PAID:
        yield difference(row, Sort.PAYMENT_STATE, row.trade_state or _NOTHING, _PAID, here.order_id)
    if row.total != here.total:
        yield difference(row, Sort.PAYMENT_AMOUNT, yuan(row.total), yuan(here.total), here.order_id)
    there = (row.mchid, row.appid, row.out_trade_no, row.currency)
    known = (here.mchid, here.appid, here.number, CURRENCY)
    if there != known:
        yield difference(row, Sort.PAYMENT_ACCOUNT, *_differing(there, known), here.order_id)
    if here.booked != here.total:
        booked = _NOTHING if here.booked is None else yuan(here.booked)
        yield difference(row, Sort.PAYMENT_LEDGER, yuan(row.total), booked, here.order_id)


def judge_refund(row: BillRow, here: HereRefund) -> Iterator[Difference]:
    """What differs between the row of a refund and the refund."""
    if row.refund != here.amount:
        yield difference(row, Sort.REFUND_AMOUNT, yuan(row.refund), yuan(here.amount), here.order_id)
    if not agrees(row, here):
        yield difference(row, Sort.REFUND_STATE, row.refund_state or _NOTHING, here.status, here.order_id)
    there = (row.transaction_id, row.out_trade_no, row.refund_id or "")
    known = (here.transaction_id, here.trade_number, here.refund_id or row.refund_id or "")
    if there != known:
        yield difference(row, Sort.REFUND_ACCOUNT, *_differing(there, known), here.order_id)
    expected = -here.amount if here.status is RefundStatus.SUCCESS else None
    if here.booked != expected:
        booked = _NOTHING if here.booked is None else yuan(here.booked)
        yield difference(row, Sort.REFUND_LEDGER, yuan(row.refund), booked, here.order_id)


def agrees(row: BillRow, here: HereRefund) -> bool:
    """Whether the refund may have come to its state from that in the bill."""
    return here.status in AGREEING.get(row.refund_state or "", frozenset())


def yuan(amount: int) -> str:
    """For people."""
    return display(Fen(amount))


def _differing(there: tuple[str, ...], here: tuple[str, ...]) -> tuple[str, str]:
    pairs = [pair for pair in zip(there, here, strict=True) if pair[0] != pair[1]]
    return " ".join(pair[0] or _NOTHING for pair in pairs), " ".join(pair[1] or _NOTHING for pair in pairs)
