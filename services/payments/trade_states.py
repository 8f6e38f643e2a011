"""WeChat's last word on an order, which never goes back to an earlier one."""

from tortoise.expressions import Q

from models.orders import Order

_RANKS = {
    "NOTPAY": 0,
    "USERPAYING": 0,
    "PAYERROR": 0,
    "ACCEPT": 0,
    "REVOKED": 1,
    "CLOSED": 1,
    "SUCCESS": 2,
    "REFUND": 3,
}
"""Answers may overtake each other; a word that is not here changes nothing."""


async def note_trade_state(order: Order, word: str) -> None:
    """Keeps the word unless a later one is kept already; inside a unit."""
    if word not in _RANKS or word == order.trade_state:
        return
    earlier = [known for known, rank in _RANKS.items() if rank <= _RANKS[word]]
    _ = await Order.filter(Q(trade_state=None) | Q(trade_state__in=earlier), id=order.id).update(trade_state=word)
