"""What a bill and the books here can differ in; each sort with the incident that tells an operator of it."""

from dataclasses import dataclass
from enum import StrEnum

from domain.incidents import IncidentKind


class Sort(StrEnum):
    """What differs; in the order in which people are told."""

    PAYMENT_ONLY_THERE = "payment only there"
    PAYMENT_ONLY_HERE = "payment only here"
    PAYMENT_AMOUNT = "payment amount"
    PAYMENT_STATE = "payment state"
    PAYMENT_ACCOUNT = "payment account"
    PAYMENT_LEDGER = "payment ledger"
    REFUND_ONLY_THERE = "refund only there"
    REFUND_ONLY_HERE = "refund only here"
    REFUND_AMOUNT = "refund amount"
    REFUND_STATE = "refund state"
    REFUND_ACCOUNT = "refund account"
    REFUND_LEDGER = "refund ledger"
    REPEATED = "repeated"

    @property
    def incident(self) -> IncidentKind:
        """The kind that is recorded unless it was repaired."""
        return _INCIDENTS.get(self, IncidentKind.BILL_DIFFERS)


_INCIDENTS = {
    Sort.PAYMENT_ONLY_THERE: IncidentKind.BILL_ONLY_THERE,
    Sort.REFUND_ONLY_THERE: IncidentKind.BILL_ONLY_THERE,
    Sort.PAYMENT_ONLY_HERE: IncidentKind.BILL_ONLY_HERE,
    Sort.REFUND_ONLY_HERE: IncidentKind.BILL_ONLY_HERE,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `there` is what the bill says and `here` what the books say, for people.

    `number` is the out_trade_no, `refund_number` the out_refund_no; `order_id` is there where the order is ours.
    `repaired`: WeChat was asked, and what it said was settled, so that nothing differs any more.
    """

    sort: Sort
    transaction_id: str
    number: str
    refund_number: str | None
    there: str
    here: str
    order_id: str | None
    repaired: bool = False

    def to_json(self) -> dict[str, str | bool | None]:
        """For the report; the names are those of the columns."""
        return {
            "sort": self.sort.value,
            "transactionId": self.transaction_id,
            "number": self.number,
            "refundNumber": self.refund_number,
            "there": self.there,
            "here": self.here,
            "orderId": self.order_id,
            "repaired": self.repaired,
        }


COLUMNS = ("sort", "transactionId", "number", "refundNumber", "there", "here", "orderId", "repaired")
"""The names of a difference's parts, in the order of a table."""
