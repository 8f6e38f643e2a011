"""Incidents as lines for a terminal and as JSON, for `appletql incidents`."""

from collections.abc import Iterator
from typing import Any

from domain.incidents import ABOUT_MONEY, IncidentKind, meaning_of
from domain.money import Fen, display
from domain.orders import OrderStatus
from models.incidents import Incident
from models.orders import Order
from server.cli.tables import instant, minutes, wrapped
from services.payments.resolving import Decision, HeldMoney, Resolved

_INDENT = " " * 4


def entry(incident: Incident) -> Iterator[str]:
    """Of a list."""
    yield f"{incident.id} {incident.kind:<23} since {minutes(incident.created_at)}"
    yield from wrapped(_INDENT, f"{incident.subject}: {meaning_of(incident.kind).what}")
    if incident.resolved_at is not None:
        yield from wrapped(_INDENT, f"resolved {minutes(incident.resolved_at)}: {incident.resolution or ''}")


def card(incident: Incident, order: Order | None) -> Iterator[str]:
    """One alone."""
    meaning = meaning_of(incident.kind)
    yield from wrapped(_label("incident"), f"{incident.id} {incident.kind}")
    yield from wrapped(_label("meaning"), meaning.what)
    yield from wrapped(_label("since"), f"{minutes(incident.created_at)} (UTC)")
    yield from wrapped(_label("subject"), incident.subject)
    if incident.reference:
        yield from wrapped(_label("reference"), incident.reference)
    if order is not None:
        total = display(Fen(order.total))
        yield from wrapped(_label("order"), f"{order.number} {order.status}, total {total} yuan")
    if incident.resolved_at is not None:
        yield from wrapped(_label("resolved"), f"{minutes(incident.resolved_at)}: {incident.resolution or ''}")
        return
    yield from wrapped(_label("to do"), meaning.advice)
    if incident.kind == IncidentKind.REFUND_UNKNOWN and order is not None:
        yield f"{_INDENT}appletql orders sync {order.number} --refund NUMBER"
    ways = ("--accept", "--refund") if incident.kind in ABOUT_MONEY else ('--note "..."',)
    for way in ways:
        yield f"{_INDENT}appletql incidents resolve {incident.id} {way}"


def row(incident: Incident) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": incident.id,
        "kind": incident.kind,
        "meaning": meaning_of(incident.kind).what,
        "subject": incident.subject,
        "reference": incident.reference,
        "createdAt": instant(incident.created_at),
        "alertedAt": instant(incident.alerted_at),
        "resolvedAt": instant(incident.resolved_at),
        "resolution": incident.resolution,
    }


def question(held: HeldMoney, decision: Decision) -> str:
    """What is asked before anything is done."""
    order = held.order
    shown = f"WeChat shows {display(Fen(held.total))} {held.currency or 'of no currency'}"
    asked = f"order {order.number} ({order.status}) asks {display(Fen(order.total))} CNY"
    if decision is Decision.ACCEPT:
        return f"{shown}, {asked}. It will count as paid with what WeChat shows. Go on?"
    closes = " and the order is closed" if order.status == OrderStatus.PENDING else ""
    partly = "; of what WeChat gave back already only the rest, once that is known here" if held.has_refunds else ""
    return f"{shown}, {asked}. The money goes back{closes}{partly}. Go on?"


def outcome(resolved: Resolved, decision: Decision) -> str:
    """What was done, and what is missing yet."""
    order, amount = resolved.order, display(Fen(resolved.payment.total))
    said = f"order {order.number} is {order.status}{' and still on hold' if order.held_at else ''}"
    if decision is Decision.ACCEPT:
        return f"accepted: {said} with {amount} yuan"
    if resolved.refund is None:
        known = f"appletql orders sync {order.number} --refund NUMBER"
        return (
            f"refunded: {said}; of {amount} yuan WeChat gave back some or all already. Once that is known here, by its "
            f"notification, the bill or {known}, the rest goes back by itself"
        )
    return f"refunded: {said}, {amount} yuan go back as {resolved.refund.number} ({resolved.refund.status})"


def _label(word: str) -> str:
    return f"{word:<10} "
