"""What WeChat Pay says of orders and refunds, read leniently: fields that are missing are None, new words stay words.

Follows "Query order" and "Query refund" of WeChat Pay's documentation. Amounts are whole fen; times are aware, in UTC.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wechat.answers import optional_text, required_text
from wechat.errors import Unreadable

_LONGEST = 128
_LONGEST_NUMBER = 64
_LARGEST_AMOUNT = 2**53 - 1
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class Transaction:
    """An order at WeChat Pay. `total` is what the order asks, never what the user paid after coupons."""

    mchid: str | None
    appid: str | None
    out_trade_no: str | None
    transaction_id: str | None
    trade_state: str
    openid: str | None = field(repr=False)
    total: int | None
    currency: str | None
    success_time: datetime | None


@dataclass(frozen=True)
class RefundAnswer:
    """A refund at WeChat Pay: `status` of an answer, `refund_status` of a notice."""

    refund_id: str | None
    out_refund_no: str | None
    transaction_id: str | None
    out_trade_no: str | None
    mchid: str | None
    status: str
    refund: int | None
    total: int | None
    currency: str | None
    success_time: datetime | None
    created: datetime | None


@dataclass(frozen=True)
class PaymentParams:
    """What wx.requestPayment takes; `time_stamp` is in seconds."""

    time_stamp: str
    nonce_str: str
    package: str = field(repr=False)
    sign_type: str
    pay_sign: str = field(repr=False)


def read_transaction(path: str, content: dict[str, Any]) -> Transaction:
    """The order in an answer or a notice; raises Unreadable."""
    amount = _object(path, content, "amount")
    return Transaction(
        mchid=_text(path, content, "mchid"),
        appid=_text(path, content, "appid"),
        out_trade_no=_text(path, content, "out_trade_no"),
        transaction_id=_number(path, content, "transaction_id"),
        trade_state=required_text(path, content, "trade_state", longest=_LONGEST),
        openid=_text(path, _object(path, content, "payer"), "openid"),
        total=_fen(path, amount, "total"),
        currency=_text(path, amount, "currency"),
        success_time=_time(content, "success_time"),
    )


def read_refund(path: str, content: dict[str, Any], *, status: str = "status") -> RefundAnswer:
    """The refund in an answer, or in a notice, which calls its status `refund_status`; raises Unreadable."""
    amount = _object(path, content, "amount")
    return RefundAnswer(
        refund_id=_number(path, content, "refund_id"),
        out_refund_no=_number(path, content, "out_refund_no"),
        transaction_id=_number(path, content, "transaction_id"),
        out_trade_no=_text(path, content, "out_trade_no"),
        mchid=_text(path, content, "mchid"),
        status=required_text(path, content, status, longest=_LONGEST),
        refund=_fen(path, amount, "refund"),
        total=_fen(path, amount, "total"),
        currency=_text(path, amount, "currency"),
        success_time=_time(content, "success_time"),
        created=_time(content, "create_time"),
    )


def read_time(text: object) -> datetime | None:
    """A time of RFC 3339, in UTC; None where it is none, since no decision hangs on it."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time(content: Mapping[str, Any], name: str) -> datetime | None:
    return read_time(content.get(name))


def _object(path: str, content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Unreadable(path, f"{name} is no object")
    return found


def _text(path: str, content: dict[str, Any], name: str) -> str | None:
    return optional_text(path, content, name, longest=_LONGEST)


def _number(path: str, content: dict[str, Any], name: str) -> str | None:
    """Numbers of WeChat's have at most 64 characters; they are stored as they are."""
    return optional_text(path, content, name, longest=_LONGEST_NUMBER)


def _fen(path: str, amount: Mapping[str, Any], name: str) -> int | None:
    found = amount.get(name)
    if found is None:
        return None
    if type(found) is not int or not 0 <= found <= _LARGEST_AMOUNT:
        raise Unreadable(path, f"no usable {name}")
    return found
