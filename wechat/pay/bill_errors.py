"""What stands against a trade bill, beside the errors of every call.

PayRefused
├── NoStatement             WeChat has no bill of the day: nothing was traded, or it is too early to say
└── StatementCreating       the bill is being made; ask again half an hour later
Unreadable
└── BillBroken              a file came that is not the whole bill of the day: nothing in it is to be believed
"""

from collections.abc import Iterator
from contextlib import contextmanager

from wechat.errors import Unreadable
from wechat.pay.errors import PayRefused


class NoStatement(PayRefused):
    """WeChat has no bill of the day. From 10:00 of the next day in China that means that nothing was traded."""

    meaning = "there is no bill of the day"


class StatementCreating(PayRefused):
    """The bill is being made, between 09:00 and 10:00 of the next day in China as a rule."""

    meaning = "the bill is being made"


class BillBroken(Unreadable):
    """Another hash, an end too early, columns that are missing, a row that is none, or sums that do not fit."""

    meaning = "the bill is not whole"


_KINDS: dict[str, type[PayRefused]] = {"NO_STATEMENT_EXIST": NoStatement, "STATEMENT_CREATING": StatementCreating}


@contextmanager
def named_refusals() -> Iterator[None]:
    """Raises the two named refusals in place of a PayRefused with their codes."""
    try:
        yield
    except PayRefused as error:
        kind = _KINDS.get(error.code)
        if kind is None:
            raise
        failure = kind(error.path, code=error.code, status=error.status, rid=error.rid)
    else:
        return
    raise failure
