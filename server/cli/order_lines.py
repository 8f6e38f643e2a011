"""Orders as lines for a terminal and as JSON, for `appletql orders`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from models.orders import Order
from server.cli.tables import instant, minutes, seconds, wrapped
from services.orders.history import History, yuan
from services.orders.overview import is_closing, is_held


def table(found: Sequence[Order]) -> Iterator[str]:
    """Of a list; 80 columns wide with the largest amounts."""
    if not found:
        yield "no orders"
        return
    yield f"{'NUMBER':<20} {'STATUS':<18} {'TOTAL':>11} {'REFUNDED':>11} {'CREATED (UTC)':<16}".rstrip()
    for order in found:
        refunded = yuan(order.refunded) if order.refunded else "-"
        state = f"{order.number:<20} {_state(order):<18}"
        yield f"{state} {yuan(order.total):>11} {refunded:>11} {minutes(order.created_at)}"


def _state(order: Order) -> str:
    flag = " held" if is_held(order) else " closing" if is_closing(order) else ""
    return f"{order.status}{flag}"


def row(order: Order) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": order.id,
        "number": order.number,
        "userId": order.user_id,
        "status": order.status,
        "total": order.total,
        "refunded": order.refunded,
        "tradeState": order.trade_state,
        "createdAt": instant(order.created_at),
        "expiresAt": instant(order.expires_at),
        "paidAt": instant(order.paid_at),
        "closedAt": instant(order.closed_at),
        "isHeld": is_held(order),
        "isClosing": is_closing(order),
    }


def story(history: History) -> Iterator[str]:
    """Head, items, and a line for each moment."""
    order = history.order
    yield f"{order.number}  {order.id}"
    yield f"{_state(order)}, total {yuan(order.total)}, refunded {yuan(order.refunded)} yuan"
    yield f"of {order.user_id} in {order.appid}"
    yield f"payable until {seconds(order.expires_at)}"
    for item in history.items:
        price = f"{yuan(item.unit_price * item.quantity):>12} = {item.quantity} x {yuan(item.unit_price)}  "
        yield from wrapped(price, item.title)
    yield f"{'TIME (UTC)':<20}WHAT"
    for moment in history.moments:
        yield from wrapped(f"{seconds(moment.at)} {moment.what:<9}", moment.text)


def document(history: History) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "order": row(history.order),
        "items": [
            {
                "productId": item.product_id,
                "title": item.title,
                "quantity": item.quantity,
                "unitPrice": item.unit_price,
            }
            for item in history.items
        ],
        "moments": [
            {"at": instant(moment.at), "what": moment.what.value, **_plain(moment.values)} for moment in history.moments
        ],
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}
