"""Public ids: a type prefix and 128 bits, 48 of them the time in milliseconds and 80 random (a ULID in lower case).

Time-ordered, so that a key is also the order of creation; random enough that nobody enumerates them; made without
a database, so that tables can be distributed later.
"""

import re
import secrets
from datetime import datetime
from enum import StrEnum

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_LENGTH = 26


class Prefix(StrEnum):
    """What an id stands for."""

    USER = "usr"
    IDENTITY = "idn"
    SESSION = "ses"
    INCIDENT = "inc"
    PHONE = "phn"
    MEDIA = "med"
    SHARE = "shr"
    VISIT = "vis"
    ATTRIBUTION = "att"
    PRODUCT = "prd"
    ORDER = "ord"
    ITEM = "itm"
    PAYMENT = "pay"
    REFUND = "rfd"
    NOTICE = "ntc"
    LEDGER_ENTRY = "led"
    EVENT = "evt"
    RECONCILIATION = "rec"


def new_id(prefix: Prefix, now: datetime) -> str:
    """A fresh id such as `usr_01k9z…`, 30 characters."""
    bits = int(now.timestamp() * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    digits = (_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{prefix}_{''.join(digits)}"


def is_id(prefix: Prefix, text: str) -> bool:
    """Whether the text has the form of such an id; nothing else is worth a look into the database."""
    return re.fullmatch(rf"{prefix}_[0-9a-z]{{{_LENGTH}}}", text) is not None
