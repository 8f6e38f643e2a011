"""The kinds of things that an operator has to look at, what each means, and what can be done about it."""

from dataclasses import dataclass
from enum import StrEnum


class IncidentKind(StrEnum):
    """What happened; `MEANINGS` says it in words."""

    UNIONID_CHANGED = "unionid_changed"
    CONTENT_REVIEW = "content_review"
    PHONE_FREED_BY_JOIN = "phone_freed_by_join"
    PAYMENT_DIFFERS = "payment_differs"
    PAYMENT_WHILE_HELD = "payment_while_held"
    PAYMENT_UNKNOWN = "payment_unknown"
    ORDER_MISSING_AT_WECHAT = "order_missing_at_wechat"
    NUMBER_USED = "number_used"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_STUCK = "refund_stuck"
    REFUND_DIFFERS = "refund_differs"
    REFUND_TOO_MUCH = "refund_too_much"
    REFUND_ABNORMAL = "refund_abnormal"
    REFUND_CLOSED = "refund_closed"
    NOT_ENOUGH = "not_enough"
    NOTICE_IS_XML = "notice_is_xml"
    BILL_ONLY_THERE = "bill_only_there"
    BILL_ONLY_HERE = "bill_only_here"
    BILL_DIFFERS = "bill_differs"
    BILL_NOT_COMPARED = "bill_not_compared"


ABOUT_MONEY = frozenset({IncidentKind.PAYMENT_DIFFERS, IncidentKind.PAYMENT_WHILE_HELD})
"""Money that waits for a decision: accepted, or refunded."""


@dataclass(frozen=True)
class Meaning:
    """For people, a line each: what happened, and what can be done."""

    what: str
    advice: str


MEANINGS = {
    IncidentKind.REFUND_STUCK: Meaning(
        "WeChat has not accepted a refund for an hour, or does not know one that it accepted.",
        "appletql orders show names the answers; mend the merchant account. It is sent again by itself; then note.",
    ),
    IncidentKind.UNIONID_CHANGED: Meaning(
        "WeChat names another unionid for a known openid; nothing was joined or split.",
        "Compare the mini program's Open Platform account with what it was; then note.",
    ),
    IncidentKind.CONTENT_REVIEW: Meaning(
        "WeChat's content check wants a person to look at a text.",
        "Look at the profile or share that the subject names; then note.",
    ),
    IncidentKind.PHONE_FREED_BY_JOIN: Meaning(
        "Two users turned out to be one person, and the number of the younger is free again.",
        "Nothing has to be done; note.",
    ),
    IncidentKind.PAYMENT_DIFFERS: Meaning(
        "A verified payment of another amount, currency or payer; it holds an unpaid order.",
        "Accept: the order counts as paid with what came. Refund: the money goes back and the order is closed.",
    ),
    IncidentKind.PAYMENT_WHILE_HELD: Meaning(
        "A further payment for an order that is on hold.",
        "Accept it in place of the other payment, or refund it; the order stays on hold for the other.",
    ),
    IncidentKind.PAYMENT_UNKNOWN: Meaning(
        "A verified notification of a payment or refund for an order that is not here.",
        "Look whether another system uses this merchant number, or a backup was restored; then note.",
    ),
    IncidentKind.ORDER_MISSING_AT_WECHAT: Meaning(
        "WeChat does not know an order for which it gave a prepay_id.",
        "Look for the order in WeChat Pay's console and ask again with `appletql orders sync`; then note.",
    ),
    IncidentKind.NUMBER_USED: Meaning(
        "WeChat says that our own bytes differ from those it saw under this number.",
        "Look whether another system uses this merchant number with the same order numbers; then note.",
    ),
    IncidentKind.REFUND_UNKNOWN: Meaning(
        "WeChat says that something was refunded, and no refund is known here; until then no more is given back.",
        "Its notification or the bill makes it known; else appletql orders sync ORDER --refund NUMBER, by the refund's "
        "number in WeChat Pay's console. Money that the order has no use for goes back then, less that. Then note.",
    ),
    IncidentKind.REFUND_DIFFERS: Meaning(
        "News of a refund whose amount or transaction is not what was asked for; it was not booked.",
        "Compare the refund with WeChat Pay's console; then note.",
    ),
    IncidentKind.REFUND_TOO_MUCH: Meaning(
        "A refund of WeChat's console that goes beyond what is left of the payment.",
        "A refund of ours stands against it; once that is at its end WeChat's next notification fits. Then note.",
    ),
    IncidentKind.REFUND_ABNORMAL: Meaning(
        "The money could not be given back by itself: the payer's card or account is gone.",
        "Handle the refund in WeChat Pay's console, to another account; what becomes of it is seen here. Then note.",
    ),
    IncidentKind.REFUND_CLOSED: Meaning(
        "A refund that was owed, or promised, failed for good; the money is still the merchant's.",
        "Refund the transaction in WeChat Pay's console; its notification books it here. Then note.",
    ),
    IncidentKind.NOT_ENOUGH: Meaning(
        "The merchant's balance does not cover a refund, which is tried again every hour.",
        "Top up the merchant's balance; then note.",
    ),
    IncidentKind.NOTICE_IS_XML: Meaning(
        "A notification in the form of WeChat Pay v2, which is not understood here.",
        "Look for a system that refunds without a notify_url, and for v2 addresses in the console; then note.",
    ),
    IncidentKind.BILL_ONLY_THERE: Meaning(
        "WeChat's bill has a payment or refund that is not here, and asking WeChat did not mend it.",
        "Look for its number in WeChat Pay's console, and whether another system uses this merchant number; then note.",
    ),
    IncidentKind.BILL_ONLY_HERE: Meaning(
        "A payment or refund of a day does not stand in WeChat's bill of it.",
        "Look for its number in WeChat Pay's console, and whether a backup was restored; then note.",
    ),
    IncidentKind.BILL_DIFFERS: Meaning(
        "WeChat's bill and the books here say different things of a payment or refund; nothing was changed.",
        "Compare amount and state with WeChat Pay's console; `appletql reconcile --date` shows both sides. Then note.",
    ),
    IncidentKind.BILL_NOT_COMPARED: Meaning(
        "The bill of the day that the subject names was not, or not wholly, compared with the books within a day.",
        "The log says why. Run appletql reconcile --date for that day, within three months; then note.",
    ),
}
"""One for each kind."""

_UNKNOWN = Meaning("A kind that this version does not know.", "Look at it with the version that recorded it.")


def meaning_of(kind: str) -> Meaning:
    """What a stored kind means."""
    return MEANINGS[IncidentKind(kind)] if kind in list(IncidentKind) else _UNKNOWN
