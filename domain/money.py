"""Money: integer fen, never a fraction, never a float."""

from collections.abc import Iterable
from typing import NewType

Fen = NewType("Fen", int)
"""An amount in fen, the hundredth of a yuan. Never float: `int(19.99 * 100)` is 1998."""

LEAST = Fen(1)
MOST = Fen(2_147_483_647)
"""WeChat Pay and GraphQL both end there: 21,474,836.47 yuan."""

_FEN_PER_YUAN = 100


def total_of(lines: Iterable[tuple[Fen, int]]) -> Fen:
    """The sum of unit price times quantity; may lie above MOST, which the caller refuses."""
    return Fen(sum(price * quantity for price, quantity in lines))


def display(amount: Fen) -> str:
    """For people: `12.50`."""
    yuan, fen = divmod(abs(amount), _FEN_PER_YUAN)
    return f"{'-' if amount < 0 else ''}{yuan}.{fen:02}"
