"""Money as clients see it: an integer, its currency, and a text for people."""

from enum import StrEnum

import strawberry

from domain.money import Fen, display
from schema.common.enums import register_enum


class Currency(StrEnum):
    """What can be paid with."""

    CNY = "CNY"


register_enum(Currency, {Currency.CNY: "Renminbi; its minor unit is the fen."})


@strawberry.type
class Money:
    """An amount."""

    amount: int = strawberry.field(description="In the currency's minor unit: fen for CNY.")
    currency: Currency
    display: str = strawberry.field(description="For people: `12.50`.")

    @classmethod
    def from_fen(cls, amount: int) -> "Money":
        """An amount in fen."""
        return cls(amount=amount, currency=Currency.CNY, display=display(Fen(amount)))
